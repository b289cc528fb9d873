import { readFileSync } from 'node:fs'
import ts from 'typescript'

/** The members of an interface in a file, with their types and doc comments: `[{ name, type, about }]`. */
export function documentedMembers (file, name) {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true)
  const found = source.statements.find(
    statement => ts.isInterfaceDeclaration(statement) && statement.name.text === name
  )
  return found.members.map(member => ({
    name: member.name.getText(),
    type: member.type?.getText() ?? 'function',
    about: ts.getTextOfJSDocComment(ts.getJSDocCommentsAndTags(member)[0].comment).replaceAll(/\s+/g, ' ')
  }))
}
