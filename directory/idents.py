"""Ids of the things the directory knows: each kind a type of its own."""

from typing import NewType
from uuid import UUID

TenantId = NewType("TenantId", UUID)
SourceId = NewType("SourceId", UUID)
SecretId = NewType("SecretId", UUID)
UserId = NewType("UserId", UUID)
GroupId = NewType("GroupId", UUID)
RoleId = NewType("RoleId", UUID)
EventId = NewType("EventId", UUID)
RequestId = NewType("RequestId", UUID)
