"""Every route of the portal with what it asks for, as a list: whoever adds one adds it here."""

INVENTORY = """
GET  / | signed in
GET  /sign-in | public
GET  /sign-in/{token} | public
POST /sign-in/{token} | public
POST /sign-out | signed in
GET  /t/{slug} | signed in
GET  /t/{slug}/activity | portal:view
GET  /t/{slug}/activity/changes/{event_id} | portal:view
GET  /t/{slug}/activity/changes/{event_id}/undo | portal:view
POST /t/{slug}/activity/changes/{event_id}/undo | portal:view
POST /t/{slug}/activity/changes/{event_id}/undo/confirmed | portal:view, fresh
GET  /t/{slug}/activity/export/{name} | portal:view, fresh
GET  /t/{slug}/activity/live | portal:view
GET  /t/{slug}/activity/live/requests | portal:view
GET  /t/{slug}/activity/requests | portal:view
GET  /t/{slug}/activity/requests/{reference} | portal:view
GET  /t/{slug}/adoption | portal:view
GET  /t/{slug}/adoption/export.csv | portal:view, fresh
GET  /t/{slug}/adoption/{entry_id} | portal:view
POST /t/{slug}/adoption/{entry_id}/decide | users:manage, fresh
GET  /t/{slug}/alerts | portal:view
GET  /t/{slug}/alerts/mails | settings:manage
POST /t/{slug}/alerts/mails/resend | settings:manage
POST /t/{slug}/alerts/mails/{message_id}/again | settings:manage
POST /t/{slug}/alerts/mails/{message_id}/leave | settings:manage
GET  /t/{slug}/alerts/recipients | portal:view
POST /t/{slug}/alerts/recipients | settings:manage
GET  /t/{slug}/alerts/recipients/{recipient_id} | settings:manage
POST /t/{slug}/alerts/recipients/{recipient_id} | settings:manage
POST /t/{slug}/alerts/recipients/{recipient_id}/remove | settings:manage
POST /t/{slug}/alerts/recipients/{recipient_id}/test | settings:manage
POST /t/{slug}/alerts/{alert_id}/acknowledge | users:manage
GET  /t/{slug}/attention | portal:view
GET  /t/{slug}/attribute-fields | settings:manage
GET  /t/{slug}/attribute-fields/new | settings:manage
POST /t/{slug}/attribute-fields/new | settings:manage
GET  /t/{slug}/attribute-fields/{field_key}/edit | settings:manage
POST /t/{slug}/attribute-fields/{field_key}/edit | settings:manage
GET  /t/{slug}/attribute-fields/{field_key}/remove | settings:manage
POST /t/{slug}/attribute-fields/{field_key}/remove | settings:manage
GET  /t/{slug}/configure-scim | portal:view
GET  /t/{slug}/configure-scim/new | sources:manage
POST /t/{slug}/configure-scim/new | sources:manage
GET  /t/{slug}/configure-scim/{source_id} | portal:view
POST /t/{slug}/configure-scim/{source_id}/administrator | sources:manage
GET  /t/{slug}/configure-scim/{source_id}/mapping | portal:view
GET  /t/{slug}/configure-scim/{source_id}/off | sources:manage
POST /t/{slug}/configure-scim/{source_id}/off | sources:manage, fresh
POST /t/{slug}/configure-scim/{source_id}/on | sources:manage, fresh
GET  /t/{slug}/configure-scim/{source_id}/policies | sources:manage
POST /t/{slug}/configure-scim/{source_id}/policies | sources:manage, fresh
POST /t/{slug}/configure-scim/{source_id}/provider | sources:manage
GET  /t/{slug}/configure-scim/{source_id}/secrets/new | sources:manage
POST /t/{slug}/configure-scim/{source_id}/secrets/new | sources:manage, fresh
GET  /t/{slug}/configure-scim/{source_id}/secrets/{secret_id}/revoke | sources:manage
POST /t/{slug}/configure-scim/{source_id}/secrets/{secret_id}/revoke | sources:manage, fresh
GET  /t/{slug}/configure-scim/{source_id}/secrets/{secret_id}/rotate | sources:manage
POST /t/{slug}/configure-scim/{source_id}/secrets/{secret_id}/rotate | sources:manage, fresh
GET  /t/{slug}/configure-scim/{source_id}/simulate | sources:manage
POST /t/{slug}/configure-scim/{source_id}/simulate | sources:manage
GET  /t/{slug}/configure-scim/{source_id}/stream | portal:view
GET  /t/{slug}/confirm | signed in
POST /t/{slug}/confirm | signed in
GET  /t/{slug}/connectors | portal:view
GET  /t/{slug}/connectors/new | sources:manage, fresh
POST /t/{slug}/connectors/new | sources:manage, fresh
GET  /t/{slug}/connectors/{source_id} | portal:view
GET  /t/{slug}/connectors/{source_id}/configuration | sources:manage
POST /t/{slug}/connectors/{source_id}/configuration | sources:manage, fresh
GET  /t/{slug}/connectors/{source_id}/credentials | sources:manage, fresh
POST /t/{slug}/connectors/{source_id}/credentials | sources:manage, fresh
GET  /t/{slug}/connectors/{source_id}/mapping | sources:manage
POST /t/{slug}/connectors/{source_id}/mapping | sources:manage, fresh
POST /t/{slug}/connectors/{source_id}/mapping/try | sources:manage
GET  /t/{slug}/connectors/{source_id}/mode | sources:manage
POST /t/{slug}/connectors/{source_id}/mode | sources:manage, fresh
GET  /t/{slug}/connectors/{source_id}/off | sources:manage
POST /t/{slug}/connectors/{source_id}/off | sources:manage, fresh
POST /t/{slug}/connectors/{source_id}/on | sources:manage, fresh
POST /t/{slug}/connectors/{source_id}/pause | sources:manage
POST /t/{slug}/connectors/{source_id}/policies | sources:manage, fresh
GET  /t/{slug}/connectors/{source_id}/problems | portal:view
GET  /t/{slug}/connectors/{source_id}/problems/export.csv | portal:view, fresh
POST /t/{slug}/connectors/{source_id}/resume | sources:manage
GET  /t/{slug}/connectors/{source_id}/schedule | sources:manage
POST /t/{slug}/connectors/{source_id}/schedule | sources:manage
GET  /t/{slug}/connectors/{source_id}/test | sources:manage
POST /t/{slug}/connectors/{source_id}/test | sources:manage
GET  /t/{slug}/conversion | settings:manage
POST /t/{slug}/conversion | settings:manage
GET  /t/{slug}/conversion/{conversion_id} | settings:manage
POST /t/{slug}/conversion/{conversion_id}/confirm | settings:manage, fresh
POST /t/{slug}/conversion/{conversion_id}/drop | settings:manage
GET  /t/{slug}/conversion/{conversion_id}/people | settings:manage
GET  /t/{slug}/conversion/{conversion_id}/people.csv | settings:manage, fresh
GET  /t/{slug}/conversion/{conversion_id}/people/{user_id} | settings:manage
POST /t/{slug}/conversion/{conversion_id}/people/{user_id} | settings:manage
POST /t/{slug}/conversion/{conversion_id}/resume | settings:manage, fresh
POST /t/{slug}/conversion/{conversion_id}/stop | settings:manage
GET  /t/{slug}/conversion/{conversion_id}/stream | settings:manage
GET  /t/{slug}/conversion/{conversion_id}/undo | settings:manage
POST /t/{slug}/conversion/{conversion_id}/undo | settings:manage, fresh
GET  /t/{slug}/deleted-users | portal:view
GET  /t/{slug}/deleted-users/export.csv | portal:view, fresh
GET  /t/{slug}/deleted-users/{gone_id}/restore | users:manage
POST /t/{slug}/deleted-users/{gone_id}/restore | users:manage, fresh
GET  /t/{slug}/connectors/{source_id}/drift | portal:view
GET  /t/{slug}/connectors/{source_id}/drift/export.csv | portal:view, fresh
GET  /t/{slug}/connectors/{source_id}/full-resync | sources:manage
POST /t/{slug}/connectors/{source_id}/full-resync | sources:manage, fresh
GET  /t/{slug}/connectors/{source_id}/pull-user | sources:manage
POST /t/{slug}/connectors/{source_id}/pull-user | sources:manage
GET  /t/{slug}/connectors/{source_id}/runs | portal:view
POST /t/{slug}/connectors/{source_id}/runs | sources:manage
GET  /t/{slug}/connectors/{source_id}/runs/export.csv | portal:view, fresh
GET  /t/{slug}/connectors/{source_id}/runs/{pull_id} | portal:view
POST /t/{slug}/connectors/{source_id}/runs/{pull_id}/cancel | sources:manage
GET  /t/{slug}/connectors/{source_id}/runs/{pull_id}/changes | portal:view
GET  /t/{slug}/connectors/{source_id}/runs/{pull_id}/changes.csv | portal:view, fresh
GET  /t/{slug}/connectors/{source_id}/runs/{pull_id}/rejected | portal:view
GET  /t/{slug}/connectors/{source_id}/runs/{pull_id}/rejected.csv | portal:view, fresh
GET  /t/{slug}/connectors/{source_id}/runs/{pull_id}/stream | portal:view
GET  /t/{slug}/equipment | portal:view
GET  /t/{slug}/equipment-api | portal:view
GET  /t/{slug}/equipment-api/new | sources:manage
POST /t/{slug}/equipment-api/new | sources:manage, fresh
GET  /t/{slug}/equipment-api/{key_id}/revoke | sources:manage
POST /t/{slug}/equipment-api/{key_id}/revoke | sources:manage, fresh
GET  /t/{slug}/equipment-api/{key_id}/rotate | sources:manage
POST /t/{slug}/equipment-api/{key_id}/rotate | sources:manage, fresh
GET  /t/{slug}/equipment/check-in | users:manage
POST /t/{slug}/equipment/check-in | users:manage
GET  /t/{slug}/equipment/check-out | users:manage
POST /t/{slug}/equipment/check-out | users:manage
GET  /t/{slug}/equipment/export.csv | portal:view, fresh
GET  /t/{slug}/equipment/import | users:manage
POST /t/{slug}/equipment/import | users:manage
GET  /t/{slug}/equipment/import/{import_id} | users:manage
POST /t/{slug}/equipment/import/{import_id}/apply | users:manage
POST /t/{slug}/equipment/import/{import_id}/drop | users:manage
GET  /t/{slug}/equipment/new | users:manage
POST /t/{slug}/equipment/new | users:manage
GET  /t/{slug}/equipment/returns | portal:view
POST /t/{slug}/equipment/returns/{user_id}/remind | users:manage
GET  /t/{slug}/equipment/{item_id} | portal:view
GET  /t/{slug}/equipment/{item_id}/edit | users:manage
POST /t/{slug}/equipment/{item_id}/edit | users:manage
GET  /t/{slug}/group-mappings | portal:view
POST /t/{slug}/group-mappings | mappings:manage
POST /t/{slug}/group-mappings/default-role | mappings:manage
GET  /t/{slug}/group-mappings/preview | mappings:manage
POST /t/{slug}/group-mappings/preview | mappings:manage
GET  /t/{slug}/group-mappings/preview/changes.csv | mappings:manage, fresh
GET  /t/{slug}/group-mappings/preview/people | mappings:manage
POST /t/{slug}/group-mappings/preview/privileged | mappings:manage, fresh
POST /t/{slug}/group-mappings/{group_id}/down | mappings:manage
POST /t/{slug}/group-mappings/{group_id}/remove | mappings:manage
POST /t/{slug}/group-mappings/{group_id}/role | mappings:manage
POST /t/{slug}/group-mappings/{group_id}/up | mappings:manage
GET  /t/{slug}/groups | portal:view
GET  /t/{slug}/groups/export.csv | portal:view
GET  /t/{slug}/groups/{group_id} | portal:view
GET  /t/{slug}/overview | portal:view
GET  /t/{slug}/own-account | signed in
GET  /t/{slug}/own-account/password | signed in
POST /t/{slug}/own-account/password | signed in
GET  /t/{slug}/own-account/second-factor | signed in, fresh
POST /t/{slug}/own-account/second-factor | signed in, fresh
POST /t/{slug}/own-account/second-factor/begin | signed in, fresh
GET  /t/{slug}/own-account/second-factor/recovery-codes | signed in
POST /t/{slug}/own-account/second-factor/recovery-codes | signed in, fresh
GET  /t/{slug}/own-account/second-factor/remove | signed in
POST /t/{slug}/own-account/second-factor/remove | signed in, fresh
POST /t/{slug}/own-account/sessions/end-others | signed in
POST /t/{slug}/own-account/sessions/{session_id}/end | signed in
GET  /t/{slug}/reports | portal:view
GET  /t/{slug}/reports/schedules | portal:view
GET  /t/{slug}/reports/schedules/new | settings:manage
POST /t/{slug}/reports/schedules/new | settings:manage, fresh
GET  /t/{slug}/reports/schedules/{schedule_id} | portal:view
GET  /t/{slug}/reports/schedules/{schedule_id}/delete | settings:manage
POST /t/{slug}/reports/schedules/{schedule_id}/delete | settings:manage
GET  /t/{slug}/reports/schedules/{schedule_id}/edit | settings:manage
POST /t/{slug}/reports/schedules/{schedule_id}/edit | settings:manage, fresh
POST /t/{slug}/reports/schedules/{schedule_id}/mails/{message_id}/again | settings:manage
POST /t/{slug}/reports/schedules/{schedule_id}/pause | settings:manage
POST /t/{slug}/reports/schedules/{schedule_id}/resume | settings:manage
POST /t/{slug}/reports/schedules/{schedule_id}/send | settings:manage
POST /t/{slug}/reports/schedules/{schedule_id}/test | settings:manage, fresh
GET  /t/{slug}/reports/{report} | portal:view
GET  /t/{slug}/reports/{report}/export.csv | portal:view, fresh
GET  /t/{slug}/held | portal:view
GET  /t/{slug}/held/decide | users:manage
POST /t/{slug}/held/decide | users:manage, fresh
GET  /t/{slug}/held/export.csv | portal:view, fresh
GET  /t/{slug}/held/limits | settings:manage
POST /t/{slug}/held/limits | settings:manage, fresh
POST /t/{slug}/held/limits/let-pass | settings:manage, fresh
GET  /t/{slug}/role-locks | portal:view
GET  /t/{slug}/role-locks/export.csv | portal:view, fresh
GET  /t/{slug}/role-locks/{user_id}/review | users:manage
POST /t/{slug}/role-locks/{user_id}/review | users:manage
GET  /t/{slug}/roles | portal:view
POST /t/{slug}/roles | settings:manage, fresh
GET  /t/{slug}/roles/new | settings:manage
GET  /t/{slug}/roles/{role_id} | portal:view
POST /t/{slug}/roles/{role_id} | settings:manage, fresh
GET  /t/{slug}/roles/{role_id}/delete | settings:manage
POST /t/{slug}/roles/{role_id}/delete | settings:manage, fresh
GET  /t/{slug}/routing | portal:view
GET  /t/{slug}/routing/new | mappings:manage
POST /t/{slug}/routing/new | mappings:manage
GET  /t/{slug}/routing/preview | mappings:manage
POST /t/{slug}/routing/preview | mappings:manage
POST /t/{slug}/routing/preview/confirmed | settings:manage, fresh
GET  /t/{slug}/routing/preview/people | mappings:manage
GET  /t/{slug}/routing/preview/people.csv | mappings:manage, fresh
GET  /t/{slug}/routing/preview/weighing | mappings:manage
GET  /t/{slug}/routing/progress | portal:view
POST /t/{slug}/routing/reading | mappings:manage
GET  /t/{slug}/routing/restore/{event_id} | mappings:manage
GET  /t/{slug}/routing/{rule_id} | mappings:manage
POST /t/{slug}/routing/{rule_id} | mappings:manage
POST /t/{slug}/routing/{rule_id}/down | mappings:manage
POST /t/{slug}/routing/{rule_id}/remove | mappings:manage
POST /t/{slug}/routing/{rule_id}/up | mappings:manage
GET  /t/{slug}/scoped-views | portal:view
POST /t/{slug}/scoped-views/policy | settings:manage, fresh
POST /t/{slug}/scoped-views/{look_id}/begin | portal:view, fresh
POST /t/{slug}/scoped-views/{look_id}/decide | settings:manage, fresh
POST /t/{slug}/scoped-views/{look_id}/end | settings:manage
POST /t/{slug}/scoped-views/{look_id}/leave | portal:view
GET  /t/{slug}/search | portal:view
GET  /t/{slug}/settings | portal:view
GET  /t/{slug}/sign-in | public
POST /t/{slug}/sign-in | public
GET  /t/{slug}/sign-in/second-factor | public
POST /t/{slug}/sign-in/second-factor | public
GET  /t/{slug}/sub-accounts | portal:view
GET  /t/{slug}/sub-accounts/bulk | users:manage
POST /t/{slug}/sub-accounts/bulk | users:manage
GET  /t/{slug}/sub-accounts/bulk/new | users:manage
GET  /t/{slug}/sub-accounts/bulk/{job_id} | users:manage
POST /t/{slug}/sub-accounts/bulk/{job_id}/apply | users:manage, fresh
POST /t/{slug}/sub-accounts/bulk/{job_id}/cancel | users:manage
GET  /t/{slug}/sub-accounts/bulk/{job_id}/people | users:manage
GET  /t/{slug}/sub-accounts/bulk/{job_id}/people.csv | users:manage, fresh
GET  /t/{slug}/sub-accounts/bulk/{job_id}/stream | users:manage
GET  /t/{slug}/sub-accounts/export.csv | portal:view, fresh
GET  /t/{slug}/sub-accounts/new | users:manage
POST /t/{slug}/sub-accounts/new | users:manage, fresh
GET  /t/{slug}/sub-accounts/views | portal:view
POST /t/{slug}/sub-accounts/views | signed in
GET  /t/{slug}/sub-accounts/views/new | portal:view
POST /t/{slug}/sub-accounts/views/{view_id}/delete | signed in
GET  /t/{slug}/sub-accounts/views/{view_id}/edit | portal:view
POST /t/{slug}/sub-accounts/views/{view_id}/edit | signed in
GET  /t/{slug}/sub-accounts/{user_id} | portal:view
GET  /t/{slug}/sub-accounts/{user_id}/allow-sign-in | users:manage
POST /t/{slug}/sub-accounts/{user_id}/allow-sign-in | users:manage, fresh
GET  /t/{slug}/sub-accounts/{user_id}/delete | users:manage
POST /t/{slug}/sub-accounts/{user_id}/delete | users:manage, fresh
GET  /t/{slug}/sub-accounts/{user_id}/disable-sign-in | users:manage
POST /t/{slug}/sub-accounts/{user_id}/disable-sign-in | users:manage
GET  /t/{slug}/sub-accounts/{user_id}/edit | users:manage
POST /t/{slug}/sub-accounts/{user_id}/edit | users:manage
POST /t/{slug}/sub-accounts/{user_id}/export | users:manage, fresh
GET  /t/{slug}/sub-accounts/{user_id}/invite | users:manage
POST /t/{slug}/sub-accounts/{user_id}/invite | users:manage, fresh
GET  /t/{slug}/sub-accounts/{user_id}/link | sources:manage
POST /t/{slug}/sub-accounts/{user_id}/link | sources:manage, fresh
GET  /t/{slug}/sub-accounts/{user_id}/lock | users:manage
POST /t/{slug}/sub-accounts/{user_id}/lock | users:manage, fresh
POST /t/{slug}/sub-accounts/{user_id}/lock/preview | users:manage
POST /t/{slug}/sub-accounts/{user_id}/pull | sources:manage
POST /t/{slug}/sub-accounts/{user_id}/resync | users:manage
GET  /t/{slug}/sub-accounts/{user_id}/second-factor | users:manage
POST /t/{slug}/sub-accounts/{user_id}/second-factor | users:manage, fresh
GET  /t/{slug}/sub-accounts/{user_id}/status | users:manage
POST /t/{slug}/sub-accounts/{user_id}/status | users:manage, fresh
GET  /t/{slug}/sub-accounts/{user_id}/unlock | users:manage
POST /t/{slug}/sub-accounts/{user_id}/unlock | users:manage, fresh
GET  /t/{slug}/switch | portal:view
GET  /t/{slug}/tenants | portal:view
GET  /t/{slug}/tenants/new | settings:manage
POST /t/{slug}/tenants/new | settings:manage, fresh
GET  /t/{slug}/tenants/{tenant_id} | portal:view
GET  /t/{slug}/tenants/{tenant_id}/delete | settings:manage
POST /t/{slug}/tenants/{tenant_id}/delete | settings:manage, fresh
POST /t/{slug}/tenants/{tenant_id}/name | settings:manage
GET  /t/{slug}/tenants/{tenant_id}/policies | settings:manage
POST /t/{slug}/tenants/{tenant_id}/policies | settings:manage, fresh
POST /t/{slug}/tenants/{tenant_id}/policies/default-role | settings:manage, fresh
POST /t/{slug}/tenants/{tenant_id}/restore | settings:manage, fresh
POST /t/{slug}/tenants/{tenant_id}/resume | settings:manage, fresh
GET  /t/{slug}/tenants/{tenant_id}/suspend | settings:manage
POST /t/{slug}/tenants/{tenant_id}/suspend | settings:manage, fresh
GET  /t/{slug}/tenants/{tenant_id}/view | portal:view
POST /t/{slug}/tenants/{tenant_id}/view | portal:view, fresh
GET  /t/{slug}/undo/runs/{run_id} | portal:view
GET  /t/{slug}/undo/{action_id} | portal:view
POST /t/{slug}/undo/{action_id} | portal:view, fresh
GET  /t/{slug}/unrouted | portal:view
GET  /t/{slug}/unrouted/export.csv | portal:view, fresh
GET  /t/{slug}/waiting-references | portal:view
GET  /t/{slug}/waiting-references/export.csv | portal:view, fresh
GET  /t/{slug}/waiting-references/members | portal:view
GET  /t/{slug}/waiting-references/members/export.csv | portal:view, fresh
GET  /t/{slug}/webhooks | settings:manage
GET  /t/{slug}/webhooks/new | settings:manage
POST /t/{slug}/webhooks/new | settings:manage, fresh
GET  /t/{slug}/webhooks/{webhook_id} | settings:manage
POST /t/{slug}/webhooks/{webhook_id} | settings:manage, fresh
GET  /t/{slug}/webhooks/{webhook_id}/delete | settings:manage
POST /t/{slug}/webhooks/{webhook_id}/delete | settings:manage, fresh
GET  /t/{slug}/webhooks/{webhook_id}/log/{delivery_id} | settings:manage
POST /t/{slug}/webhooks/{webhook_id}/log/{delivery_id}/replay | settings:manage
POST /t/{slug}/webhooks/{webhook_id}/off | settings:manage
POST /t/{slug}/webhooks/{webhook_id}/on | settings:manage
POST /t/{slug}/webhooks/{webhook_id}/replay | settings:manage
GET  /t/{slug}/webhooks/{webhook_id}/rotate | settings:manage
POST /t/{slug}/webhooks/{webhook_id}/rotate | settings:manage, fresh
POST /t/{slug}/webhooks/{webhook_id}/test | settings:manage
"""
"""Method, address, and access; ``fresh`` asks for a sign-in that was confirmed within the last ten minutes."""
