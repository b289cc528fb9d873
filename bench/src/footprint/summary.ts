import { Child } from '../child.js'
import { number, table, type Row } from '../table.js'
import type { Figure } from './figure.js'

export async function runMeasures (names: readonly string[], report: (line: string) => void): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const name of names) {
    const child = new Child(new URL('measure.js', import.meta.url), [], ['--expose-gc'])
    for (const figure of await child.ask<Figure[]>('measure', name)) {
      figures.push(figure)
      report(`${name}: ${figure.what}: ${number(figure.value)} ${figure.unit}`)
    }
    await child.stop()
  }
  return figures
}

export function footprintTable (figures: readonly Figure[]): string {
  return table(['Figure', 'measured', 'at most', 'reached'], figures.map(({ what, value, unit, target }): Row => [
    what,
    `${number(value)} ${unit}`,
    target === undefined ? '' : `${number(target)} ${unit}`,
    target === undefined ? '' : value <= target ? 'yes' : '**no**'
  ]))
}
