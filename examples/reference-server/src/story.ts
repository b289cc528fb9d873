import { KILL_STORY } from './kill-story.js'
import { RESTART_STORY } from './restart-story.js'
import { SESSION_STORY } from './session-story.js'
import type { Step } from './stage.js'

/** What must be so, and the step that tries it, in the order in which they are played. */
export const STORY: Record<string, Step> = { ...SESSION_STORY, ...RESTART_STORY, ...KILL_STORY }
