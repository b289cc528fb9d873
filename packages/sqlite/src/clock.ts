import { readFileSync } from 'node:fs'
import type { Handle } from './driver.js'

interface Row { boot: string, offset: number, mark: number }

/**
 * Milliseconds since the epoch, equal in all processes that have the file open, whatever becomes of the wall clock. The
 * time since the start of the machine is the same for all its processes. The first process after a start of the machine
 * stores what to add to it; the others add the same. So a wall clock that is set forward expires no session.
 *
 * Call it within a transaction.
 *
 * @param uptime milliseconds since the start of the machine
 * @param wall milliseconds since the epoch
 * @returns the clock, and the time that it shows as milliseconds to add to `performance.now()`
 */
export function readClock (handle: Handle, boot = bootId(), uptime = sinceBoot(), wall = Date.now()): number {
  const offset = offsetOf(handle, boot, uptime, wall)
  handle.prepare('INSERT OR REPLACE INTO clock (id, boot, offset, mark) VALUES (1, ?, ?, ?)').run(boot, offset, uptime)
  return offset + uptime - performance.now()
}

/** Milliseconds by which the clock of the file is ahead of the wall clock. Changes nothing. */
export function clockAhead (handle: Handle, boot = bootId(), uptime = sinceBoot(), wall = Date.now()): number {
  return offsetOf(handle, boot, uptime, wall) + uptime - wall
}

/** Milliseconds since the epoch at which the machine would have started, by the clock of the file. */
function offsetOf (handle: Handle, boot: string, uptime: number, wall: number): number {
  const row = handle.prepare('SELECT boot, offset, mark FROM clock').get() as Row | undefined
  // A machine that started again has a new boot id. Where there is none, its uptime has begun anew.
  const known = row !== undefined && row.boot === boot && uptime >= row.mark
  // Time never runs backwards, even when the wall clock did while no process had the file open.
  return known ? row.offset : Math.max(wall, row === undefined ? 0 : row.offset + row.mark) - uptime
}

function sinceBoot (): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** Identifies the present run of the machine; '' where the system does not say. */
export function bootId (file = '/proc/sys/kernel/random/boot_id'): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return ''
  }
}
