import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { decodeRecording } from '../../../adapters/media/decode-recording.ts'
import {
  chunk,
  FIXTURES,
  fixture,
  integers,
  levelAt,
  oggPage,
  samplesOf,
  sine,
  type WavShape,
  wavFile,
} from './files.ts' // prettier-ignore

/** The decoders complain about damaged packets on the console; the thread silences them, here the test does. */
beforeAll(() => {
  for (const name of ['error', 'warn', 'log'] as const) vi.spyOn(console, name).mockImplementation(() => {})
})
afterAll(() => {
  vi.restoreAllMocks()
})

const decode = (bytes: Uint8Array, secondsMax = 60) => decodeRecording(bytes, { secondsMax })
const tone = (options: { rate: number; seconds?: number }) => sine({ hertz: 440, seconds: 0.5, ...options })

describe('every container is known by its content and heard in full', () => {
  const containers: Record<string, string> = { m4a: 'mp4', mkv: 'webm', aac: 'aac' }
  for (const name of FIXTURES) {
    it(name, async () => {
      const { wav, durationSeconds, container } = await decode(fixture(name))
      const extension = name.split('.')[1] ?? ''
      expect(container).toBe(containers[extension] ?? extension)
      // The encoders without a place for their lead-in (bare MP3, ADTS, Matroska AAC) give up to 0.11 s more.
      expect(durationSeconds).toBeGreaterThan(0.597)
      expect(durationSeconds).toBeLessThan(0.71)
      const samples = samplesOf(wav)
      const [low, high] = [samples.subarray(2000, 4400), samples.subarray(-4400, -2400)]
      expect(levelAt(low, 440)).toBeGreaterThan(0.12)
      expect(levelAt(low, 880)).toBeLessThan(0.04)
      expect(levelAt(high, 880)).toBeGreaterThan(0.12)
      expect(levelAt(high, 440)).toBeLessThan(0.04)
    })
  }
})

describe('WAV', () => {
  const dresses: Record<string, [Uint8Array, WavShape]> = {
    '8-bit': [integers(tone({ rate: 16_000 }), 1), { bits: 8 }],
    '16-bit': [integers(tone({ rate: 16_000 }), 2), {}],
    '24-bit': [integers(tone({ rate: 48_000 }), 3), { bits: 24, rate: 48_000 }],
    '24-bit, extensible': [integers(tone({ rate: 48_000 }), 3), { bits: 24, rate: 48_000, extensible: true }],
    '32-bit': [integers(tone({ rate: 44_100 }), 4), { bits: 32, rate: 44_100 }],
    'float 32': [new Uint8Array(tone({ rate: 48_000 }).buffer), { tag: 3, bits: 32, rate: 48_000 }],
    'float 64': [
      new Uint8Array(Float64Array.from(tone({ rate: 22_050 })).buffer),
      { tag: 3, bits: 64, rate: 22_050 },
    ],
    'a rate that no table knows': [integers(tone({ rate: 11_127 }), 2), { rate: 11_127 }],
    '192 kHz': [integers(tone({ rate: 192_000 }), 2), { rate: 192_000 }],
  }
  for (const [name, [data, shape]] of Object.entries(dresses)) {
    it(`${name} is heard at its pitch, level and length`, async () => {
      const { wav, durationSeconds } = await decode(wavFile(data, shape))
      expect(durationSeconds).toBeCloseTo(0.5, 3)
      expect(levelAt(samplesOf(wav).subarray(800, -800), 440)).toBeCloseTo(0.25, 2)
    })
  }

  const data = integers(tone({ rate: 16_000 }), 2)
  const whole: Record<string, Uint8Array> = {
    'a data size of 0 and samples behind it': wavFile(data, { claimed: 0 }),
    'a data size of 0xFFFFFFFF': wavFile(data, { claimed: 0xffff_ffff }),
    'a data size larger than the file': wavFile(data, { claimed: data.length * 10 }),
    'a LIST chunk before the data': wavFile(data, {
      before: [chunk('LIST', Buffer.from('INFOINAM\x04\x00\x00\x00Take'))],
    }),
    'an odd chunk with its pad byte': wavFile(data, {
      before: [chunk('note', Buffer.from('seventeen bytes..'))],
    }),
    'an odd chunk without its pad byte': wavFile(data, {
      before: [chunk('note', Buffer.from('seventeen bytes..')).subarray(0, 25)],
    }),
    'noise in a chunk behind the data': wavFile(data, { after: [chunk('LIST', Buffer.alloc(50_000, 0x55))] }),
    'an odd byte at the end': wavFile(Buffer.concat([data, Buffer.from([1])])),
    'a block size that contradicts the bits': wavFile(data, { blockBytes: 3 }),
  }
  for (const [name, bytes] of Object.entries(whole)) {
    it(`${name}: the samples are the same as of the plain file`, async () => {
      const { wav } = await decode(bytes)
      expect(samplesOf(wav)).toEqual(samplesOf((await decode(wavFile(data))).wav))
    })
  }

  it('16 kHz mono passes bit by bit', async () => {
    const { wav } = await decode(wavFile(data))
    expect(Buffer.from(wav.subarray(44))).toEqual(data)
  })

  it('a stereo file with one silent channel is heard', async () => {
    const right = tone({ rate: 16_000 })
    const both = new Float32Array(right.length * 2)
    for (const [at, sample] of right.entries()) both[2 * at + 1] = sample
    const { wav, durationSeconds } = await decode(wavFile(integers(both, 2), { channels: 2 }))
    expect(durationSeconds).toBeCloseTo(0.5, 3)
    expect(levelAt(samplesOf(wav), 440)).toBeCloseTo(0.125, 2)
  })

  it('RF64 takes its length from the ds64 chunk', async () => {
    const ds64 = Buffer.alloc(28)
    ds64.writeBigUInt64LE(BigInt(data.length), 8)
    const bytes = wavFile(data, {
      before: [chunk('ds64', ds64)],
      claimed: 0xffff_ffff,
      after: [chunk('junk', Buffer.alloc(9000, 9))],
    })
    bytes.set(Buffer.from('RF64'))
    expect((await decode(bytes)).durationSeconds).toBeCloseTo(0.5, 3)
  })

  it('the length is what was decoded, not what the header claims', async () => {
    const claims = wavFile(data.subarray(0, 3200), { claimed: 32_000_000 })
    expect((await decode(claims)).durationSeconds).toBeCloseTo(0.1, 3)
  })

  it('not-a-number and infinite samples become silence and full scale', async () => {
    const samples = Float32Array.from({ length: 1600 }, (_, at) =>
      at % 2 === 0 ? Number.NaN : Number.POSITIVE_INFINITY,
    )
    const { wav } = await decode(wavFile(new Uint8Array(samples.buffer), { tag: 3, bits: 32 }))
    expect([...samplesOf(wav).subarray(0, 2)]).toEqual([0, 32_767 / 32_768])
  })

  const refused: Record<string, [Uint8Array, RegExp]> = {
    'a header without sound': [wavFile(new Uint8Array()), /header but no sound/],
    'an empty data chunk before another chunk': [
      wavFile(new Uint8Array(), { after: [chunk('LIST', Buffer.from('INFO'))] }),
      /no sound/,
    ],
    'no format chunk': [
      new Uint8Array(Buffer.concat([Buffer.from('RIFF\x20\0\0\0WAVE', 'latin1'), chunk('data', data)])),
      /no format chunk/,
    ],
    'no channels': [wavFile(data, { channels: 0, blockBytes: 2 }), /0 channels/],
    '4 GHz': [wavFile(data, { rate: 4_000_000_000, blockBytes: 2, bits: 0 }), /4000000000 Hz/],
    '1 Hz': [wavFile(data, { rate: 1 }), /1 Hz/],
    'samples of 0 bits': [wavFile(data, { bits: 0, blockBytes: 0 }), /0 bits/],
    'GSM 6.10': [wavFile(data, { tag: 0x31 }), /0x31/],
    'ADPCM blocks without room': [wavFile(data, { tag: 0x11, blockBytes: 4, bits: 4 }), /hold no sound/],
  }
  for (const [name, [bytes, message]] of Object.entries(refused)) {
    it(`${name} is refused with the reason`, async () => {
      await expect(decode(bytes)).rejects.toThrow(message)
    })
  }
})

describe('what is cut off or damaged', () => {
  for (const name of [
    'cbr.mp3',
    'mono16.flac',
    'opus.ogg',
    'vorbis.ogg',
    'live.webm',
    'stereo.aac',
    'fragmented.mp4',
    'ima.wav',
  ] as const) {
    it(`${name} without its last eighth is heard up to there`, async () => {
      const bytes = fixture(name)
      const { durationSeconds } = await decode(bytes.subarray(0, Math.floor(bytes.length * 0.875)))
      expect(durationSeconds).toBeGreaterThan(0.05)
      expect(durationSeconds).toBeLessThan(0.6)
    })
  }

  it('an M4A without its index is refused with the reason', async () => {
    await expect(decode(fixture('tail.m4a').subarray(0, 3000))).rejects.toThrow(/MP4 file/)
  })

  it('an MP4 index that claims more than the file holds is refused at once, and not counted through', async () => {
    for (const [table, at] of [
      ['stts', 8],
      ['stts', 4],
      ['stsz', 8],
      ['stsc', 4],
      ['stsc', 12],
      ['stco', 4],
    ] as const) {
      const bytes = fixture('tail.m4a')
      const start = Buffer.from(bytes).indexOf(table) + 4
      new DataView(bytes.buffer).setUint32(start + at, 0xffff_fff0)
      await expect(decode(bytes), table).rejects.toThrow('its index claims more than the file holds')
    }
    const bytes = fixture('fragmented.mp4')
    new DataView(bytes.buffer).setUint32(Buffer.from(bytes).indexOf('trun') + 8, 0xffff_fff0)
    await expect(decode(bytes)).rejects.toThrow('its index claims more than the file holds')
  })

  it('headers alone are refused: WebM, Ogg, FLAC', async () => {
    const live = fixture('live.webm')
    const cluster = Buffer.from(live).indexOf(Buffer.from('1f43b675', 'hex'))
    await expect(decode(live.subarray(0, cluster))).rejects.toThrow(
      'The WebM file holds headers but no sound.',
    )
    await expect(decode(fixture('opus.ogg').subarray(0, 250))).rejects.toThrow(
      /Ogg file holds headers but no sound/,
    )
    await expect(decode(fixture('mono16.flac').subarray(0, 60))).rejects.toThrow(/FLAC file/)
  })

  it('an MP3 stream joined in the middle of a frame is heard', async () => {
    const { durationSeconds } = await decode(fixture('bare.mp3').subarray(31))
    expect(durationSeconds).toBeGreaterThan(0.55)
  })

  it('noise between MP3 frames is skipped', async () => {
    const bytes = fixture('bare.mp3')
    const noisy = Buffer.concat([bytes.subarray(0, 470), Buffer.alloc(2000, 0x41), bytes.subarray(470)])
    expect((await decode(new Uint8Array(noisy))).durationSeconds).toBeGreaterThan(0.5)
  })

  it('a damaged FLAC frame costs that frame alone', async () => {
    const bytes = fixture('mono16.flac')
    bytes.fill(0xaa, 3000, 3040)
    const { durationSeconds } = await decode(bytes)
    expect(durationSeconds).toBeGreaterThan(0.2)
    expect(durationSeconds).toBeLessThan(0.6)
  })
})

describe('what is no recording', () => {
  const others: Record<string, [string | Uint8Array, string]> = {
    nothing: ['', 'The file is empty.'],
    'a web page': ['<!doctype html><html><body>Not found</body></html>', 'This is a web page'],
    'a text': ['Dear all,\nplease find the recording attached.\n', 'This is a text'],
    JSON: ['{"error": {"message": "no"}}', 'This is a JSON text'],
    SVG: ['<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', 'This is an SVG picture'],
    ZIP: ['PK\x03\x04\x14\x00\x00\x00', 'This is a ZIP archive'],
    PDF: ['%PDF-1.7\n', 'This is a PDF document'],
    PNG: [new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0]), 'This is a PNG picture'],
    JPEG: [new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 16]), 'This is a JPEG picture'],
    WebP: ['RIFF\x10\x00\x00\x00WEBPVP8L', 'This is a WebP picture'],
    AVI: ['RIFF\x10\x00\x00\x00AVI LIST', 'This is an AVI video'],
    HEIC: ['\x00\x00\x00\x18ftypheic\x00\x00', 'This is a HEIC or AVIF picture'],
    AIFF: ['FORM\x00\x00\x00\x20AIFFCOMM', 'This is an AIFF file'],
    MIDI: ['MThd\x00\x00\x00\x06', 'This is a MIDI file'],
    'an ID3 tag alone': ['ID3\x03\x00\x00\x00\x00\x00\x00', 'a tag without a recording'],
    zeros: [new Uint8Array(5000), 'data of an unknown kind'],
  }
  for (const [name, [content, message]] of Object.entries(others)) {
    it(`${name} is refused by name`, async () => {
      const bytes = typeof content === 'string' ? new Uint8Array(Buffer.from(content, 'latin1')) : content
      await expect(decode(bytes)).rejects.toThrow(message)
    })
  }

  it('a video without sound says so', async () => {
    await expect(decode(fixture('silent-video.webm'))).rejects.toThrow('The WebM file holds no audio track.')
    await expect(decode(fixture('silent-video.mp4'))).rejects.toThrow('The MP4 file holds no audio track.')
    const theora = oggPage([Buffer.from('\x80theora\x03\x02\x01', 'latin1')], {
      flags: 2,
      sequence: 0,
      granule: 0n,
    })
    await expect(decode(new Uint8Array(theora))).rejects.toThrow('The Ogg file holds no audio track.')
  })

  it('a coding that is not read is named', async () => {
    await expect(decode(fixture('speex.ogg'))).rejects.toThrow(/Speex/)
    await expect(decode(fixture('alac.m4a'))).rejects.toThrow(/alac/)
  })
})

describe('several streams', () => {
  it('Ogg streams one behind the other are heard one after the other', async () => {
    const bytes = fixture('opus.ogg')
    const second = bytes.slice()
    const page = Buffer.from('OggS')
    for (let at = Buffer.from(second).indexOf(page); at >= 0; at = Buffer.from(second).indexOf(page, at + 4))
      second[at + 14] = 0x99
    const { durationSeconds } = await decode(new Uint8Array(Buffer.concat([bytes, second])))
    expect(durationSeconds).toBeCloseTo(1.2, 1)
  })

  it('an ID3 tag before FLAC and AAC is skipped', async () => {
    const tag = Buffer.concat([Buffer.from('ID3\x04\x00\x00\x00\x00\x00\x0a', 'latin1'), Buffer.alloc(10)])
    for (const [name, container] of [
      ['mono16.flac', 'flac'],
      ['stereo.aac', 'aac'],
    ] as const) {
      const found = await decode(new Uint8Array(Buffer.concat([tag, fixture(name)])))
      expect(found.container).toBe(container)
      expect(found.durationSeconds).toBeGreaterThan(0.59)
    }
  })
})

describe('the limit', () => {
  it('holds for every container, whatever its headers say', async () => {
    for (const name of FIXTURES)
      await expect(decode(fixture(name), 0.3), name).rejects.toThrow('longer than 0.3 seconds')
  })

  it('a recording exactly as long as the limit passes', async () => {
    const bytes = wavFile(integers(tone({ rate: 16_000 }), 2))
    expect((await decode(bytes, 0.5)).durationSeconds).toBe(0.5)
    await expect(decode(bytes, 0.4999)).rejects.toThrow('longer than')
  })

  it('is spoken in minutes', async () => {
    const seconds = 121
    const bytes = wavFile(integers(new Float32Array(8000 * seconds), 1), { bits: 8, rate: 8000 })
    await expect(decode(bytes, 120)).rejects.toThrow(
      'The recording is longer than 2 minutes, the most that is taken.',
    )
  })
})
