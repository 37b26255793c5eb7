/** The load generator, of bench/package.json: kept apart, since the product is checked without it. */
import autocannon from 'autocannon'

export const fire = (options) => autocannon(options)
