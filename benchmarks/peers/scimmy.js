// SCIMMY behind scimmy-routers, with handlers over a Map in memory or over SQLite:  node scimmy.js PORT [FILE]
import { createRequire } from "node:module";
import { randomUUID } from "node:crypto";

const require = createRequire(process.cwd() + "/"); // the packages are installed where it is started
const express = require("express");
const SCIMMY = require("scimmy").default ?? require("scimmy");
const SCIMMYRouters = require("scimmy-routers").default ?? require("scimmy-routers");

const [port, file] = process.argv.slice(2);
const expected = `Bearer ${process.env.BENCH_TOKEN}`;

// Both stores give: find(id), named(name), page(offset, limit), count(), put(id, name, document), drop(id).
function memoryStore() {
  const byId = new Map();
  const byName = new Map();
  return {
    find: (id) => byId.get(id),
    named: (name) => byId.get(byName.get(name.toLowerCase())),
    page: (offset, limit) => [...byId.values()].slice(offset, limit === undefined ? undefined : offset + limit),
    count: () => byId.size,
    put: (id, name, document) => {
      const holder = byName.get(name.toLowerCase());
      if (holder !== undefined && holder !== id) throw new SCIMMY.Types.Error(409, "uniqueness", "taken");
      const before = byId.get(id);
      if (before) byName.delete((before.userName ?? before.displayName).toLowerCase());
      byId.set(id, document);
      byName.set(name.toLowerCase(), id);
    },
    drop: (id) => byId.delete(id) && undefined,
  };
}

function sqliteStore(table) {
  const database = sqliteStore.database;
  database.exec(`CREATE TABLE ${table} (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, document TEXT NOT NULL)`);
  const find = database.prepare(`SELECT document FROM ${table} WHERE id = ?`).pluck();
  const named = database.prepare(`SELECT document FROM ${table} WHERE name = ?`).pluck();
  const page = database.prepare(`SELECT document FROM ${table} ORDER BY rowid LIMIT ? OFFSET ?`).pluck();
  const count = database.prepare(`SELECT count(*) FROM ${table}`).pluck();
  const put = database.prepare(
    `INSERT INTO ${table} VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, document = excluded.document`,
  );
  const drop = database.prepare(`DELETE FROM ${table} WHERE id = ?`);
  const read = (text) => (text === undefined ? undefined : JSON.parse(text));
  return {
    find: (id) => read(find.get(id)),
    named: (name) => read(named.get(name.toLowerCase())),
    page: (offset, limit) => page.all(limit ?? -1, offset).map(read),
    count: () => count.get(),
    put: (id, name, document) => {
      try {
        put.run(id, name.toLowerCase(), JSON.stringify(document));
      } catch (error) {
        if (error.code === "SQLITE_CONSTRAINT_UNIQUE") throw new SCIMMY.Types.Error(409, "uniqueness", "taken");
        throw error;
      }
    },
    drop: (id) => drop.run(id) && undefined,
  };
}

if (file) {
  sqliteStore.database = new (require("better-sqlite3"))(file);
  sqliteStore.database.pragma("journal_mode = WAL");
  sqliteStore.database.pragma("synchronous = FULL"); // as Rolebook: an acknowledged write is on the disk
}

function declare(Resource, table, nameOf, asked) {
  const store = file ? sqliteStore(table) : memoryStore();
  SCIMMY.Resources.declare(Resource)
    .ingress((resource, data) => {
      const id = resource.id ?? randomUUID();
      const before = resource.id ? store.find(id) : undefined;
      if (resource.id && !before) throw new SCIMMY.Types.Error(404, null, "not found");
      const now = new Date().toISOString();
      const document = JSON.parse(JSON.stringify(data));
      document.id = id;
      document.meta = { created: before?.meta?.created ?? now, lastModified: now };
      store.put(id, nameOf(document), document);
      return document;
    })
    .egress((resource) => {
      if (resource.id) {
        const found = store.find(resource.id);
        if (!found) throw new SCIMMY.Types.Error(404, null, "not found");
        return found;
      }
      if (resource.filter) {
        const [condition] = resource.filter;
        const wanted = resource.filter.length === 1 && condition[asked]?.[0] === "eq" ? condition[asked][1] : undefined;
        if (wanted !== undefined) return [store.named(wanted)].filter((one) => one);
        return resource.filter.match(store.page(0));
      }
      const { startIndex = 1, count = 100 } = resource.constraints ?? {};
      resource.constraints = { ...resource.constraints, startIndex, count, totalResults: store.count() };
      return store.page(startIndex - 1, count);
    })
    .degress((resource) => store.drop(resource.id));
}

declare(SCIMMY.Resources.User, "users", (document) => document.userName, "userName");
declare(SCIMMY.Resources.Group, "groups", (document) => document.displayName, "displayName");
SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false);

const app = express();
app.disable("x-powered-by");
app.use(
  "/scim/v2",
  new SCIMMYRouters({
    type: "bearer",
    handler: (request) => {
      if (request.header("Authorization") !== expected) throw new Error("unknown token");
      return "bench";
    },
  }),
);
app.listen(Number(port), "127.0.0.1", () => console.log("ready"));
