export { Events, type SentEvent } from './events.js'
export { Gate, eventually, stayAwake, turns } from './gate.js'
