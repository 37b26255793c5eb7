// The process that renders SVG to PNG. resvg can abort the whole process on some pictures, so it is not the gateway's.
import { Resvg } from '@resvg/resvg-js'
import type { RenderReply, RenderTask } from './render-protocol.ts'

// Ctrl-C reaches the whole process group; this process ends with its channel, after the parent has drained.
process.on('SIGINT', () => undefined)
process.on('SIGTERM', () => undefined)
process.on('disconnect', () => process.exit(0))
process.on('message', (task: RenderTask) => {
  process.send?.(render(task))
})

function render({ id, svg, width, height, fontFiles }: RenderTask): RenderReply {
  try {
    const image = new Resvg(svg, {
      font: { loadSystemFonts: false, fontFiles: [...fontFiles] },
      fitTo: { mode: 'width', value: width },
    }).render()
    if (image.width !== width || image.height !== height) {
      return { id, error: `It came out ${image.width} x ${image.height}.` }
    }
    return { id, png: new Uint8Array(image.asPng()) }
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) }
  }
}
