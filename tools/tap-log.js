/**
 * Shortens the output of tap to a line per test file, all of what failed, and whatever is not TAP (coverage, names of packages).
 * `end()` gives the totals. A skipped test counts as a failed one: it would be a check that nobody runs.
 */
export function tapLog (print) {
  let rest = ''
  let file = []
  let failing = false
  const counts = { passed: 0, failed: 0 }

  function line (text) {
    const [, totals] = /^# \{ total: \d+, (.*) \}$/.exec(text) ?? []
    if (totals !== undefined) count(totals)
    else if (text.startsWith('# Subtest')) failing = false
    else if (text.startsWith(' ') && !failing) file.push(text)
    else if (text.startsWith('ok ')) {
      file.filter(text => /^ +ok .*# (skip|todo)/i.test(text)).forEach(text => print(text))
      file = []
      print(text)
    } else if (text.startsWith('not ok ')) {
      failing = true
      for (const text of file.splice(0)) print(text)
      print(text)
    } else if (!/^(TAP version|\d+\.\.\d+$|$)/.test(text)) print(text)
  }

  function count (totals) {
    for (const [, kind, amount] of totals.matchAll(/(\w+): (\d+)/g)) counts[kind === 'pass' ? 'passed' : 'failed'] += Number(amount)
  }

  return {
    write (text) {
      const lines = (rest + text).split('\n')
      rest = lines.pop()
      lines.forEach(line)
    },
    end () {
      line(rest)
      file.forEach(text => print(text)) // of a file that never ended
      return counts
    }
  }
}
