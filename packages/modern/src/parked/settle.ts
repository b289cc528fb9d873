/** Milliseconds in which questions of a handler are collected, so that its client is asked once. */
export const SETTLE = 5
