/** Lets a worker thread load TypeScript: `--import tsx` registers itself in the main thread only (tsx 4.23). */
import { register } from 'tsx/esm/api'

register()
