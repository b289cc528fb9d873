import { Child } from '../child.js'
import { number, table, type Row } from '../table.js'
import type { Figure } from './figure.js'
import type { Volume } from './measures.js'

export async function runMeasures (
  names: readonly string[], volume: Volume, report: (line: string) => void
): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const name of names) {
    const child = new Child(new URL('measure.js', import.meta.url), [], ['--expose-gc'])
    for (const figure of await child.ask<Figure[]>('measure', { name, volume })) {
      figures.push(figure)
      report(`${name}: ${figure.what}: ${number(figure.value)} ${figure.unit}`)
    }
    await child.stop()
  }
  return figures
}

export function footprintTable (figures: readonly Figure[]): string {
  return table(['Figure', 'measured', 'target', 'reached'], figures.map(({ what, value, unit, target, least }): Row => {
    const bound = target ?? least
    if (bound === undefined) return [what, `${number(value)} ${unit}`, '', '']
    const reached = target === undefined ? value >= bound : value <= bound
    return [
      what, `${number(value)} ${unit}`, `at ${target === undefined ? 'least' : 'most'} ${number(bound)} ${unit}`,
      reached ? 'yes' : '**no**'
    ]
  }))
}
