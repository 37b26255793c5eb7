// Strings of a format: how each is told, what of a text can be brought to it, and what stands in when there is nothing.

interface Format {
  readonly test: RegExp
  readonly placeholder: string
}

/** The formats of OpenAI's strict mode and those that JSON Schema names beside them. */
const FORMATS: Readonly<Record<string, Format>> = {
  date: { test: /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/, placeholder: '1970-01-01' },
  time: {
    test: /^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/,
    placeholder: '00:00:00Z',
  },
  'date-time': {
    test: /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/,
    placeholder: '1970-01-01T00:00:00Z',
  },
  duration: { test: /^P(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:\d+S)?)?$/, placeholder: 'PT0S' },
  email: {
    test: /^[\w.%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+$/,
    placeholder: 'unknown@example.com',
  },
  hostname: { test: /^[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*$/, placeholder: 'example.com' },
  ipv4: { test: /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.|$)){4}$/, placeholder: '0.0.0.0' },
  ipv6: { test: /^(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}$/i, placeholder: '::' },
  uuid: {
    test: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i,
    placeholder: '00000000-0000-0000-0000-000000000000',
  },
  uri: {
    test: /^https?:\/\/[A-Za-z0-9.-]+(?::\d+)?(?:[/?#][\w./?#%&=~:@!$'*+,;-]*)?$/,
    placeholder: 'https://example.com/',
  },
}

export function hasFormat(text: string, format: string): boolean {
  return FORMATS[format]?.test.test(text) ?? true
}

export function placeholderOf(format: string): string | null {
  return FORMATS[format]?.placeholder ?? null
}

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')

/** `25 November 2026`, `November 25th, 2026`, `2026-11-25` → `2026-11-25`. @returns null when a part is missing: no year is made up */
export function toIsoDate(text: string): string | null {
  const iso = /\b(\d{4})-(\d{2})-(\d{2})\b/.exec(text)
  const named =
    /\b(?:(\d{1,2})(?:st|nd|rd|th)?(?: of)? )?([A-Za-z]{3})[a-z]*\.?(?: (\d{1,2})(?:st|nd|rd|th)?)?,? (\d{4})\b/.exec(
      text,
    )
  const dotted = /\b(\d{1,2})\.(\d{1,2})\.(\d{4})\b/.exec(text)
  const month = named ? MONTHS.indexOf(named[2]?.toLowerCase() ?? '') + 1 : 0
  const date = iso
    ? `${iso[1]}-${iso[2]}-${iso[3]}`
    : named && month > 0
      ? `${named[4]}-${pad(month)}-${pad(Number(named[1] ?? named[3]))}`
      : dotted
        ? `${dotted[3]}-${pad(Number(dotted[2]))}-${pad(Number(dotted[1]))}`
        : null
  return date !== null && hasFormat(date, 'date') && isOnCalendar(date) ? date : null
}

function isOnCalendar(date: string): boolean {
  const parsed = new Date(`${date}T00:00:00Z`)
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(date)
}

/** `2:30 pm`, `14:30` → `14:30:00Z`. */
export function toIsoTime(text: string): string | null {
  const [, hourText, minutes = '00', half] = /\b(\d{1,2})(?::(\d{2}))?(?::\d{2})? ?([ap])?/i.exec(text) ?? []
  if (hourText === undefined) return null
  const hour = (Number(hourText) % (half ? 12 : 24)) + (half?.toLowerCase() === 'p' ? 12 : 0)
  const time = `${pad(hour)}:${minutes}:00Z`
  return hasFormat(time, 'time') ? time : null
}

function pad(value: number): string {
  return String(value).padStart(2, '0')
}
