// node healthcheck.js live | ready: exit code 0 when the server in this container says so, else 1.
const [which] = process.argv.slice(2)
const url = `http://127.0.0.1:${process.env.PORT}/health/${which}`
const said = await fetch(url, { signal: AbortSignal.timeout(2_000) }).then(({ ok }) => ok, () => false)
process.exit(said ? 0 : 1)
