import { describe, expect, it } from 'vitest'
import { AacDecoder, parseAacConfig } from '../../../../adapters/media/aac/decoder.ts'
import { findAdtsFrame, parseAdtsFrame } from '../../../../adapters/media/adts.ts'
import { fixture, levelAt } from '../files.ts'

describe('the configuration of a container', () => {
  it('low complexity gives its sample rate', () => {
    expect(parseAacConfig(Uint8Array.of(0x12, 0x10))).toBe(44_100)
    expect(parseAacConfig(Uint8Array.of(0x14, 0x08))).toBe(16_000)
  })

  it('a rate that is in no table is written in full', () => {
    // Type 2, index 15, 24 bits of 40,000, one channel, three zeros.
    expect(parseAacConfig(Uint8Array.of(0x17, 0x80, 0x4e, 0x20, 0x08))).toBe(40_000)
  })

  it('high efficiency gives the rate of the stream inside', () => {
    expect(parseAacConfig(Uint8Array.of(0x2b, 0x92, 0x08, 0x00))).toBe(22_050)
  })

  it('other profiles, frames of 960 samples and damage are refused with the reason', () => {
    expect(() => parseAacConfig(Uint8Array.of(0xf9, 0x46, 0x20))).toThrow('object type 42')
    expect(() => parseAacConfig(Uint8Array.of(0x0a, 0x10))).toThrow('object type 1')
    expect(() => parseAacConfig(Uint8Array.of(0x12, 0x14))).toThrow('960')
    expect(() => parseAacConfig(Uint8Array.of(0x12))).toThrow('damaged')
    expect(() => parseAacConfig(Uint8Array.of(0x17, 0x00, 0x00, 0x00, 0x08))).toThrow('0 Hz')
  })
})

describe('frames', () => {
  const bytes = fixture('stereo.aac')
  const bodies: Uint8Array[] = []
  for (let at = findAdtsFrame(bytes, 0) ?? bytes.length; at < bytes.length; ) {
    const frame = parseAdtsFrame(bytes, at)
    if (!frame) break
    bodies.push(bytes.subarray(at + frame.headerBytes, at + frame.sizeBytes))
    at += frame.sizeBytes
  }

  it('give 1024 samples of each channel', () => {
    const decoder = new AacDecoder(44_100)
    const sounds = bodies.map((body) => decoder.decode(body))
    expect(sounds).toHaveLength(27)
    for (const sound of sounds) expect(sound?.channels.map((channel) => channel.length)).toEqual([1024, 1024])
    const left = Float32Array.from(sounds.slice(4, 10).flatMap((sound) => [...(sound?.channels[0] ?? [])]))
    expect(levelAt(left, 440, 44_100)).toBeCloseTo(0.178, 1)
  })

  it('a damaged frame gives no sound and does not stop the next', () => {
    const decoder = new AacDecoder(44_100)
    expect(decoder.decode(Uint8Array.of(0x20, 0xff, 0xff, 0xff, 0xff))).toBeNull()
    expect(decoder.decode(new Uint8Array())).toBeNull()
    expect(decoder.decode(bodies[3] ?? new Uint8Array())).not.toBeNull()
  })
})
