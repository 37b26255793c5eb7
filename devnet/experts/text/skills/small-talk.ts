// Courtesies, and the plain word about what this is.

/** What this worker is and does, said whenever more is asked of it. */
export const INTRODUCTION =
  'I am the text worker of the development network: I work by rules and am no language model. I can summarise a text, list its keywords, ' +
  'write an image prompt from it, count, calculate exactly, sort and change the case of texts, extract e-mail addresses, links, numbers, dates ' +
  'and names, tell a language, fill JSON by a schema, and call your functions.'

/** @returns null when the message is no courtesy */
export function answerCourtesy(message: string): string | null {
  const words = message
    .trim()
    .toLowerCase()
    .replace(/[!.?,]+/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  if (
    /^(?:please )?(?:just )?(?:say|write|reply(?: with)?|answer(?: with)?) (?:hello|hi)(?: (?:to me|please|back))?$/.test(
      words,
    )
  )
    return 'Hello!'
  if (GREETING.test(words)) return 'Hello! How can I help?'
  if (/^(?:thanks?|thank you|thx|cheers)\b.{0,30}$/.test(words)) return 'You are welcome.'
  if (/^(?:bye|good ?bye|see you|good night)\b.{0,20}$/.test(words)) return 'Goodbye!'
  if (/^how are you\b.{0,20}$/.test(words))
    return 'I am a program by rules, so I am never ill. How can I help?'
  return null
}

const GREETING =
  /^(?:hello|hi|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day)|hallo|guten (?:tag|morgen)|bonjour|salut|hola|ciao|olá|привет|здравствуйте|你好|こんにちは|안녕하세요)(?: (?:there|all|everyone|world|again|you|你好|👋))*(?: [👋🙂😊])*$/u

/** Whether the message asks what this is, or what it can do. */
export function asksWho(message: string): boolean {
  return /\b(?:who|what) are you\b|\bwhat can you do\b|\bhelp me\?*$|^help\b|\b(?:are you|which|what) (?:an? )?(?:ai|llm|language model|model|chatgpt|gpt|bot|human)\b|\bintroduce yourself\b|\byour name\b/i.test(
    message,
  )
}

/** Kinds of work that this worker does not do and says so. */
export function refuseWork(instruction: string): string | null {
  const found =
    /\b(translat(?:e|ion)|poem|story|essay|song|joke|code|program|script|rewrite|paraphrase|explain|opinion|advice|recipe|plan)\b/i.exec(
      instruction,
    )
  if (!found) return null
  const word = found[1]?.toLowerCase() ?? ''
  const work = word.startsWith('translat')
    ? 'translate'
    : ['rewrite', 'paraphrase', 'explain', 'plan'].includes(word)
      ? word
      : `write a ${word}`
  return `I cannot ${work === 'write a code' ? 'write code' : work}. ${INTRODUCTION}`
}
