// Tries a file of sessions on bad disks, which it may mount: node disk-program.js <folder> <sessions>
import { filledUp, fullDisk, readOnly, refusedSyncs } from './disk-trials.js'

const [folder = '', sessions] = process.argv.slice(2)
for (const trial of [readOnly, fullDisk, refusedSyncs, filledUp]) process.send?.(await trial(folder, Number(sessions)))
process.disconnect()
