import { serveSdkV2 } from '../src/sdk-v2.js'

serveSdkV2('legacy')
