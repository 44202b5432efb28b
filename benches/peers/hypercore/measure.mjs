// What hypercore makes of the same statements: one signed, hash-linked feed in this process. Run as
//   NODE_PATH=FOLDER/node_modules node measure.mjs CORPUS FOLDER ROUNDS SECONDS
// One JSON document (`writ.peer/1`) goes to standard output.
//
// As it comes hypercore syncs nothing: an append is answered once it is in the system's memory. The durable figures therefore sync the
// write-ahead log of its store (RocksDB) after each append, which is what its store would do if it were asked to.
import { createRequire } from 'node:module'
import fs from 'node:fs'
import path from 'node:path'

const [corpusPath, folder, rounds, seconds] = process.argv.slice(2)
const load = createRequire(path.join(process.env.NODE_PATH, 'x.js'))
const Hypercore = load('hypercore')
const sodium = load('sodium-native')

const statements = readCorpus(fs.readFileSync(corpusPath))
const measured = []
for (const [durable, checked] of [[false, false], [true, false], [true, true]]) {
  for (const batch of [1, 256, 4096]) {
    const rates = []
    for (let round = 0; round < Number(rounds); round++) rates.push(await fill(durable, checked, batch))
    console.error(JSON.stringify({ durable, checked, batch, rates: rates.map(Math.round) }))
    measured.push({ clients: 1, batch, checked, durable, rates })
  }
}
const version = JSON.parse(fs.readFileSync(path.join(process.env.NODE_PATH, 'hypercore/package.json'))).version
console.log(JSON.stringify({
  schema: 'writ.peer/1',
  peer: 'hypercore',
  version,
  settings: `Node ${process.version}; in the same process, no network; no index; one signature an append by hypercore itself; durable: the store's ` +
    'write-ahead log synced after each append, which hypercore does not do by itself; signatures checked by libsodium (sodium-native), on one core',
  measured
}))

function readCorpus (bytes) {
  const all = []
  for (let at = 0; at < bytes.length;) {
    const fields = []
    for (let field = 0; field < 7; field++) {
      const length = bytes.readUInt32BE(at)
      fields.push(bytes.subarray(at + 4, at + 4 + length))
      at += 4 + length
    }
    all.push({ bytes: fields[0], key: fields[4], signature: fields[5], message: fields[6] })
  }
  return all
}

async function fill (durable, checked, batch) {
  const place = path.join(folder, 'hypercore')
  const core = new Hypercore(place)
  await core.ready()
  const sync = walSync(path.join(place, 'db'))
  const begun = performance.now()
  let stored = 0
  while (stored < statements.length && performance.now() - begun < Number(seconds) * 1000) {
    const some = statements.slice(stored, stored + batch)
    if (checked) some.forEach(check)
    await core.append(some.map((statement) => statement.bytes))
    if (durable) sync()
    stored += some.length
  }
  const took = performance.now() - begun
  if (core.length !== stored) throw new Error(`${core.length} blocks after ${stored} appends`)
  await core.close()
  fs.rmSync(place, { recursive: true })
  return stored / took * 1000
}

function check ({ key, signature, message }) {
  if (!sodium.crypto_sign_verify_detached(signature, message, key)) throw new Error('a signature does not hold')
}

// Syncs the newest write-ahead log of a folder.
function walSync (db) {
  let open = { name: null, file: null }
  return () => {
    const name = fs.readdirSync(db).filter((name) => name.endsWith('.log')).sort().at(-1)
    if (name !== open.name) {
      if (open.file !== null) fs.closeSync(open.file)
      open = { name, file: fs.openSync(path.join(db, name), 'r+') }
    }
    fs.fdatasyncSync(open.file)
  }
}
