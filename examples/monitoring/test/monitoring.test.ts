import { readFile } from 'node:fs/promises'
import { METRICS, type MetricName } from '@holdfast/fastify'
import { parse } from 'yaml'
import t from 'tap'
import { scrapeOfEverything } from './fixtures/everything.js'
import { parsePromQL } from './fixtures/promql.js'

interface Alert {
  alert: string
  expr: string
  for?: string
  labels: { severity: string }
  annotations: Record<string, string>
}

/** What Prometheus adds to every sample that it scrapes. */
const ADDED = ['job', 'instance']

const read = async (name: string): Promise<string> => await readFile(new URL(`../${name}`, import.meta.url), 'utf8')

interface Rules {
  groups: Array<{ name: string, rules: Alert[] }>
}

const rules: Rules = parse(await read('rules.yml'), { strict: true, uniqueKeys: true })
const alerts = rules.groups.flatMap(group => group.rules)
const dashboard = JSON.parse(await read('dashboard.json'))
const panels: any[] = dashboard.panels.filter(({ type }: { type: string }) => type !== 'row')
const expressions = [
  ...alerts.map(({ alert, expr }) => ({ where: alert, expr })),
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr }: { expr: string }) =>
    ({ where: title, expr: expr.replaceAll('$__rate_interval', '5m') })))
]
const samples = await scrapeOfEverything(t)

/** The name of a metric without the suffix of a histogram. */
const metricOf = (name: string): string => name.replace(/_(bucket|sum|count)$/, '')

/** The values that a label can have; none when the user chooses them. */
function valuesOf (metric: string, label: string): readonly string[] {
  const spec = METRICS[metricOf(metric) as MetricName]
  return 'labels' in spec ? (spec.labels as Record<string, readonly string[]>)[label] ?? [] : []
}

for (const { where, expr } of expressions) {
  t.test(`${where}: ${expr.slice(0, 60)}`, t => {
    const { selectors, groupings } = parsePromQL(expr)
    t.ok(selectors.length > 0)
    const common = selectors.map(({ metric }) => [...samples.get(metric) ?? [], ...ADDED])
    for (const { metric, matchers } of selectors) {
      t.ok(samples.has(metric), `${metric} is in a scrape`)
      for (const { label, operator, value } of matchers) {
        t.ok(samples.get(metric)?.has(label) === true || ADDED.includes(label), `${metric} has ${label}`)
        const values = valuesOf(metric, label)
        if (values.length === 0) continue
        for (const one of operator.includes('~') ? value.split('|') : [value]) {
          t.ok(values.includes(one), `${label} can be ${one}`)
        }
      }
    }
    for (const label of groupings) t.ok(common.some(labels => labels.includes(label)), `${label} can be grouped by`)
    t.end()
  })
}

t.test('every metric is on the dashboard or has an alert', t => {
  const used = new Set(expressions.flatMap(({ expr }) =>
    parsePromQL(expr).selectors.map(({ metric }) => metricOf(metric))))
  t.strictSame(Object.keys(METRICS).filter(name => !used.has(name)), [])
  t.end()
})

t.test('an expression that Prometheus would refuse is refused', t => {
  for (const wrong of ['sum(up', 'nofunction(up)', 'up{a=b}', 'rate(up[5])x']) {
    t.throws(() => parsePromQL(wrong), SyntaxError, wrong)
  }
  t.end()
})

t.test('each alert says whether it pages, what is the matter and what to do, and the README lists it', async t => {
  t.equal(new Set(alerts.map(({ alert }) => alert)).size, alerts.length)
  for (const { alert, labels, annotations, for: after = '0s', ...rest } of alerts) {
    t.strictSame(Object.keys(rest), ['expr'], alert)
    t.match(after, /^\d+[smh]$/)
    t.match(labels.severity, /^(page|ticket)$/)
    t.strictSame(Object.keys(annotations), ['summary', 'description', 'runbook'])
    const { groupings } = parsePromQL(rest.expr)
    for (const text of Object.values(annotations)) {
      for (const [, label = ''] of text.matchAll(/\$labels\.(\w+)/g)) {
        t.ok(groupings.includes(label), `${alert} keeps ${label}`)
      }
    }
  }
  const rows = [...(await read('README.md')).matchAll(/^\| `(Holdfast\w+)` \| (page|ticket) \|/gm)]
    .map(([, alert, severity]) => ({ alert, severity }))
  t.strictSame(rows, alerts.map(({ alert, labels: { severity } }) => ({ alert, severity })))
})

t.test('the dashboard is one that Grafana can import', t => {
  t.match(dashboard, { title: 'Holdfast', uid: 'holdfast', schemaVersion: Number })
  const ids = dashboard.panels.map(({ id }: { id: number }) => id)
  t.equal(new Set(ids).size, ids.length)
  const variables = dashboard.templating.list.map(({ name }: { name: string }) => name)
  for (const { title, datasource, targets, gridPos } of panels) {
    t.equal(datasource.uid, '${' + 'datasource}', title)
    t.ok(gridPos.x + gridPos.w <= 24)
    for (const { expr } of targets) {
      for (const [, name] of expr.matchAll(/\$(?!__)(\w+)/g)) t.ok(variables.includes(name), `${title}: $${name}`)
    }
  }
  const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }: any) =>
    Array.from({ length: w * h }, (_, n) => `${x + n % w},${y + Math.floor(n / w)}`))
  t.equal(new Set(cells).size, cells.length, 'no panel lies on another')
  t.end()
})
