/**
 * Shortens what `pnpm -r --stream test` prints to a line per test file, all of what failed, and whatever is not TAP (coverage).
 * `end()` gives the totals. A skipped assertion counts as failed: it is a check that nobody runs.
 */
export function tapLog (print) {
  const counts = { passed: 0, failed: 0 }
  let rest = ''
  let file = []
  let failing = false

  function line (raw) {
    const [, where, mark, text] = /^(\S+) test(: |\$ )(.*)$/.exec(raw) ?? []
    if (mark === '$ ') print(where)
    else if (where === undefined) print(raw)
    else if (text.startsWith('# {')) count(text)
    else if (text.startsWith('# Subtest')) failing = false
    else if (text.startsWith('    ') && !failing) file.push(text)
    else if (/^(not )?ok /.test(text)) endOfFile(text)
    else if (failing || !/^(TAP version \d+|\d+\.\.\d+|# time=.*|Done|)$/.test(text)) print(text)
  }

  function count (totals) {
    for (const [, kind, amount] of totals.matchAll(/(pass|fail|skip|todo): (\d+)/g)) {
      counts[kind === 'pass' ? 'passed' : 'failed'] += Number(amount)
    }
  }

  function endOfFile (result) {
    failing = result.startsWith('not ')
    file.filter(text => failing || / # (skip|todo)/i.test(text)).forEach(text => print(text))
    file = []
    print('  ' + result)
  }

  return {
    write (text) {
      const lines = (rest + text).split('\n')
      rest = lines.pop()
      lines.forEach(line)
    },
    end () {
      if (rest !== '') line(rest)
      file.forEach(text => print(text))
      return counts
    }
  }
}
