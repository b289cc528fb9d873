// Loaded into each process of the tests.
import { register } from 'node:module'

register('./hooks.js', import.meta.url, { data: process.env.HOLDFAST_NEWEST_SDK })
