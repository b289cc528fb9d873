import { type ModernServerInit, callOf } from '@holdfast/fastify'
import {
  type InputRequests, type InputRequiredResult, type McpServer, type ServerContext, acceptedContent, inputRequired,
  inputResponse
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import { CAPITAL, CONFIRM, GREETING, NAME, STEP_1, STEP_2 } from './questions.js'
import { type TextResult, textResult } from './texts.js'

type Round = (ctx: ServerContext) => TextResult | InputRequiredResult | Promise<TextResult | InputRequiredResult>

const { elicit, createMessage, listRoots } = inputRequired
const named = z.object({ name: z.string() })
const colored = z.object({ color: z.string() })
const confirmed = z.object({ ok: z.boolean() })

/** What a state says: which question comes next, and what was answered before. */
type State = { step: 'confirm' | 'inputs' | 'step1' } | { step: 'step2', name: string }

/** Tools that return their questions, and begin anew with the answers. */
export function addReturningTools (server: McpServer, states: ModernServerInit['requestState']): void {
  const tools: Record<string, Round> = {
    test_input_required_result_elicitation: ctx => {
      const given = acceptedContent(ctx.mcpReq.inputResponses, 'user_name', named)
      return given === undefined ? ask({ user_name: elicit(NAME) }) : textResult(`Hello, ${given.name}!`)
    },
    test_input_required_result_sampling: ctx =>
      sampled(ctx, 'capital_question') ?? ask({ capital_question: createMessage(CAPITAL) }),
    test_input_required_result_list_roots: ctx => {
      const given = inputResponse(ctx.mcpReq.inputResponses, 'client_roots')
      if (given.kind !== 'roots') return ask({ client_roots: listRoots() })
      return textResult(given.roots.map(({ uri }) => uri).join())
    },
    test_input_required_result_request_state: async ctx => await confirmation(ctx, 'state-ok'),
    test_input_required_result_tampered_state: async ctx => await confirmation(ctx, 'integrity-ok'),
    test_input_required_result_multiple_inputs: async ctx => {
      const name = acceptedContent(ctx.mcpReq.inputResponses, 'user_name', named)?.name
      const greeting = inputResponse(ctx.mcpReq.inputResponses, 'greeting')
      const roots = inputResponse(ctx.mcpReq.inputResponses, 'client_roots')
      if (state(ctx) === undefined || name === undefined || greeting.kind !== 'sampling' || roots.kind !== 'roots') {
        const questions = { user_name: elicit(NAME), greeting: createMessage(GREETING), client_roots: listRoots() }
        return await askWithState(ctx, questions, { step: 'inputs' })
      }
      return textResult(`${name}; ${JSON.stringify(greeting.result.content)}; ${roots.roots.length}`)
    },
    test_input_required_result_multi_round: async ctx => {
      const at = state(ctx)
      if (at?.step === 'step2') {
        const given = acceptedContent(ctx.mcpReq.inputResponses, 'step2', colored)
        if (given !== undefined) return textResult(`${at.name} likes ${given.color}`)
        return await askWithState(ctx, { step2: elicit(STEP_2) }, at)
      }
      const given = acceptedContent(ctx.mcpReq.inputResponses, 'step1', named)
      if (at === undefined || given === undefined) {
        return await askWithState(ctx, { step1: elicit(STEP_1) }, { step: 'step1' })
      }
      return await askWithState(ctx, { step2: elicit(STEP_2) }, { step: 'step2', name: given.name })
    },
    test_input_required_result_capabilities: ctx => {
      const { elicitation, sampling } = callOf(ctx).capabilities
      const questions: InputRequests = {
        ...elicitation !== undefined && { user_name: elicit(NAME) },
        ...sampling !== undefined && { greeting: createMessage(GREETING) }
      }
      const given = (key: string): boolean => inputResponse(ctx.mcpReq.inputResponses, key).kind !== 'missing'
      const answers = Object.keys(questions).filter(given)
      return answers.length === Object.keys(questions).length ? textResult(answers.join()) : ask(questions)
    },
    test_missing_capability: ctx => sampled(ctx, 'greeting') ?? ask({ greeting: createMessage(GREETING) }),
    test_streaming_elicitation: async ctx => {
      const given = acceptedContent(ctx.mcpReq.inputResponses, 'user_name', named)
      if (given !== undefined) return textResult(`Hello, ${given.name}!`)
      const progressToken = ctx.mcpReq._meta?.progressToken
      if (progressToken !== undefined) {
        await ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress: 1 } })
      }
      return ask({ user_name: elicit(NAME) })
    }
  }
  for (const [name, round] of Object.entries(tools)) {
    server.registerTool(name, { description: 'Asks its client' }, async ctx => await round(ctx))
  }

  async function askWithState (
    ctx: ServerContext, inputRequests: InputRequests, next: State
  ): Promise<InputRequiredResult> {
    return inputRequired({ inputRequests, requestState: await states.mint(next, ctx) })
  }

  async function confirmation (ctx: ServerContext, word: string): Promise<TextResult | InputRequiredResult> {
    const given = acceptedContent(ctx.mcpReq.inputResponses, 'confirm', confirmed)
    if (state(ctx)?.step === 'confirm' && given !== undefined) return textResult(`${word}: ${given.ok}`)
    return await askWithState(ctx, { confirm: elicit(CONFIRM) }, { step: 'confirm' })
  }
}

function ask (inputRequests: InputRequests): InputRequiredResult {
  return inputRequired({ inputRequests })
}

function sampled (ctx: ServerContext, key: string): TextResult | undefined {
  const given = inputResponse(ctx.mcpReq.inputResponses, key)
  return given.kind === 'sampling' ? textResult(JSON.stringify(given.result.content)) : undefined
}

function state (ctx: ServerContext): State | undefined {
  return ctx.mcpReq.requestState<State>()
}
