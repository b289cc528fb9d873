import t, { type Test } from 'tap'
import { bootId, readClock } from '../dist/clock.js'
import { type Handle, findDriver } from '../dist/driver.js'
import { migrate } from '../dist/schema.js'

const HOUR = 3_600_000
const NOON = 1_700_000_000_000

function file (): Handle {
  const handle = new (findDriver().DatabaseSync)(':memory:')
  migrate(handle)
  return handle
}

/** The time that a process shows that opens the file at this moment. */
function show (handle: Handle, boot: string, uptime: number, wall: number): number {
  return Math.round(readClock(handle, boot, uptime, wall) + performance.now())
}

/** A millisecond passes between two looks at a clock. */
const near = (t: Test, found: number, wanted: number, name: string): void => {
  t.ok(Math.abs(found - wanted) < 1000, `${name}: ${found - wanted}`)
}

t.test('the first process takes the wall clock, the others its time, whatever their wall clock says', async (t) => {
  const handle = file()
  near(t, show(handle, 'a', 5000, NOON), NOON, 'the first')
  near(t, show(handle, 'a', 65_000, NOON + HOUR), NOON + 60_000, 'the clock was set forward')
  near(t, show(handle, 'a', 125_000, NOON - HOUR), NOON + 120_000, 'the clock was set back')
})

t.test('after a start of the machine the wall clock counts again, but time never runs backwards', async (t) => {
  const handle = file()
  show(handle, 'a', 5 * HOUR, NOON)
  near(t, show(handle, 'b', 6 * HOUR, NOON + HOUR), NOON + HOUR, 'a new boot id')
  near(t, show(handle, 'c', 10, NOON - HOUR), NOON + HOUR, 'a wall clock that was set back')
})

t.test('without a boot id, an uptime that begins anew shows the start', async (t) => {
  const handle = file()
  show(handle, '', 5 * HOUR, NOON)
  near(t, show(handle, '', 6 * HOUR, NOON + 9 * HOUR), NOON + HOUR, 'the same run of the machine')
  near(t, show(handle, '', HOUR, NOON + 20 * HOUR), NOON + 20 * HOUR, 'another one')
})

t.test('a system without boot ids has none', async (t) => {
  t.equal(bootId('/nowhere/boot_id'), '')
})
