// Bluesky's own development network (@atproto/dev-env from npm) on loopback, for test_bluesky_network.py.
//
//   npm install @atproto/dev-env@0.6.7        (Node 22; PostgreSQL and Redis running; an empty database)
//   DB_POSTGRES_URL=postgres://USER@127.0.0.1:5432/NAME REDIS_HOST=127.0.0.1:6379 LOG_ENABLED=false \
//     node bluesky_network.mjs 2580           (from the folder that holds node_modules)
//
// It prints the PDS's address: give that to pytest as HARK_BLUESKY_URL.
import net from 'node:net'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

// the package names no host, which would mean every address of this machine
const everywhere = net.Server.prototype.listen
net.Server.prototype.listen = function (first, ...rest) {
  if (first && typeof first === 'object' && 'port' in first) first = { host: '127.0.0.1', ...first }
  else if (/^\d+$/.test(String(first)) && typeof rest[0] !== 'string') rest.unshift('127.0.0.1')
  return everywhere.call(this, first, ...rest)
}

const { TestNetwork } = await import(pathToFileURL(path.resolve('node_modules/@atproto/dev-env/dist/index.js')).href)
const port = Number(process.argv[2] ?? 2580)
// PostgreSQL outlives a run: a schema of its own for each, or old accounts hide new ones of the same name
const letters = Array.from({ length: 10 }, () => String.fromCharCode(97 + Math.floor(Math.random() * 26))).join('')
process.env.DB_POSTGRES_SCHEMA ??= `run_${letters}`
const network = await TestNetwork.create({
  pds: { port: port + 3, hostname: 'localhost', enableDidDocWithSession: true },
  bsky: { port: port + 4, publicUrl: `http://localhost:${port + 4}`, dbPostgresSchema: `bsky_${letters}` },
  plc: { port: port + 2 },
  ozone: { port: port + 7 },
  introspect: { port: port + 1 },
})
console.log(network.pds.url)
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => network.close().finally(() => process.exit(0)))
