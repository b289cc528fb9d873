// Packs every publishable package as a release would, and checks the tarballs.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packages, report } from './packages.js'
import { pnpm } from './steps.js'

const dir = mkdtempSync(join(tmpdir(), 'holdfast-pack-'))
try {
  report([
    ...run(...pnpm('-r', '--filter', './packages/*', 'pack', '--pack-destination', dir)),
    ...(readdirSync(dir).length === packages.length ? [] : ['not every package was packed']),
    ...readdirSync(dir).map(file => join(dir, file)).flatMap(tarball => [
      ...run(process.execPath, 'node_modules/publint/src/cli.js', 'run', tarball, '--strict'),
      ...run(
        process.execPath, 'node_modules/@arethetypeswrong/cli/dist/index.js', tarball, '--profile', 'esm-only',
        '--no-definitely-typed'
      )
    ])
  ])
} finally {
  rmSync(dir, { recursive: true })
}

function run (file, ...args) {
  const { status, stdout, stderr, error } = spawnSync(file, args, { encoding: 'utf8' })
  if (error) throw error
  return status === 0 ? [] : [stdout + stderr]
}
