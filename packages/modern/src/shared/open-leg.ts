import { HoldfastError, isHoldfastError, within } from '@holdfast/core'
import { type HeldServer, heldServer } from '@holdfast/transport'
import { MODERN_VERSION } from '../versions.js'
import type { Leg } from './leg.js'
import { findLeak } from './leak-check.js'
import type { SharedServerInit, SharedSettings } from './options.js'
import type { Sdk } from './sdk.js'
import { SdkLeg } from './sdk-leg.js'
import { SharedConnection } from './shared-connection.js'
import { sharedTransports } from './shared-transport.js'
import { checkRevision } from './start-check.js'

/** Opens the leg of a key: makes a server, connects it, and checks that it serves the revision. */
export class LegOpener {
  readonly #Transport

  constructor (private readonly sdk: Sdk, private readonly settings: SharedSettings) {
    this.#Transport = sharedTransports(sdk)
  }

  /** @throws HoldfastError HOLDFAST_FACTORY_FAILED, HOLDFAST_FACTORY_TIMEOUT */
  async open (key: string | undefined): Promise<Leg> {
    const leg = await this.#open(key)
    if (!this.settings.checkLeaks) return leg
    const leak = await findLeak(leg, this.settings.createTimeout)
    if (leak !== undefined) this.settings.onWarning(leak)
    return leg
  }

  async #open (key: string | undefined): Promise<Leg> {
    const { createTimeout, fallback, onWarning } = this.settings
    const connection = await SharedConnection.open(await this.#create(key), this.#Transport, this.settings)
    try {
      await checkRevision(connection, createTimeout)
      return connection
    } catch (error) {
      await connection.close()
      if (fallback === undefined || !isHoldfastError(error, 'HOLDFAST_FACTORY_FAILED')) throw error
      onWarning(`a server cannot be shared, so the SDK makes one for each request, which is slow: ${error.message}`)
      const leg = new SdkLeg(this.sdk, async () => await this.#create(key), this.settings.onError)
      await checkRevision(leg, createTimeout)
      return leg
    }
  }

  async #create (key: string | undefined): Promise<HeldServer> {
    const { create, createTimeout } = this.settings
    const made = (async () => heldServer(await create(this.#init(key)), 'the function for the shared server'))()
    if (!await within(made, createTimeout)) {
      // Nobody waits for it any more.
      made.then(async ({ server, dispose }) => { await server.close(); await dispose?.('closing') })
        .catch(this.settings.onError)
      throw new HoldfastError('HOLDFAST_FACTORY_TIMEOUT', 'the function for the shared server did not finish in time')
    }
    return await made
  }

  #init (key: string | undefined): SharedServerInit {
    const { requestState } = this.settings
    const supportedProtocolVersions = [...new Set([...this.sdk.SUPPORTED_PROTOCOL_VERSIONS, MODERN_VERSION])]
    return { key, serverOptions: { supportedProtocolVersions, ...(requestState !== undefined && { requestState }) } }
  }
}
