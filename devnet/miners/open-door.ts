/** The door of plain OpenAI over HTTP: everybody is let in. */
import { type Door, DoorRefusal, type WorkKind } from './door.ts'

const PATHS: Readonly<Record<string, WorkKind>> = {
  '/v1/chat/completions': 'chat',
  '/v1/audio/transcriptions': 'speech',
  '/v1/images/generations': 'images',
}

/** Builds the door. */
export function createOpenDoor(): Door {
  return {
    find(target) {
      const kind = PATHS[target.split('?')[0] ?? '']
      if (!kind) throw new DoorRefusal(404, 'There is nothing here.')
      return kind
    },
    checkHead: () => {},
    checkBody: () => {},
    unwrap: (body) => body,
    wrap: (json) => json,
    refuse({ status, message, code }) {
      const type = status < 500 ? 'invalid_request_error' : 'server_error'
      return JSON.stringify({ error: { message, type, param: null, code } })
    },
  }
}
