import { Value } from 'typebox/value'
import { documentedMembers } from './documented-members.js'

/**
 * Every option of the plugin: `[{ name, value, fallback, about }]`. The schema says its value and its default, the doc
 * comment of the interface says the rest. Groups are taken apart.
 *
 * @param {string} file where the interfaces are
 */
export function pluginOptions (schema, file) {
  return members(schema, file, 'HoldfastOptions', '')
}

function members (schema, file, type, prefix) {
  return documentedMembers(file, type).flatMap(({ name, type, about }) => {
    const option = schema.properties[name]
    if (option.properties !== undefined) return members(option, file, type.replace(/<.*/, ''), `${prefix}${name}.`)
    // Words, or an object.
    const group = option.anyOf?.find(({ properties }) => properties !== undefined)
    const inGroup = group === undefined ? [] : members(group, file, type.split(' | ').at(-1), `${prefix}${name}.`)
    return [{ name: prefix + name, value: value(option), fallback: fallback(option), about }, ...inGroup]
  })
}

function fallback (option) {
  return option.default === undefined ? '' : `\`${option.default}\``
}

function value (option) {
  if (Array.isArray(option.type)) return 'duration'
  if (option.anyOf !== undefined) return option.anyOf.map(value).join(' or ')
  if (option.enum !== undefined) return option.enum.map(word => `\`${word}\``).join(', ')
  if (option.type === 'array') return `${option.items.type}s`
  if (option.type !== undefined) return option.type
  // The schema has no word for it, but knows one when it sees it.
  if (Value.Check(option, () => {})) return [...(option.words ?? []).map(word => `\`${word}\``), 'function'].join(', ')
  return Value.Check(option, '…') ? 'string or object' : 'object'
}
