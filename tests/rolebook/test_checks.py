"""The self-check finds what does not fit together, and nothing else."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from directory import access_roles, groups, mappings, tenants
from directory.model import Actor, GroupAttributes, GroupId, SourceId, UserAttributes
from directory.store.unit import open_store
from directory.users import create_user
from rolebook.cli import main
from rolebook.duties import seal_events
from rolebook.jobs import clock
from rolebook.provision import Connection, create_source, create_tenant
