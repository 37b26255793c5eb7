import { expect, test } from 'vitest'
import { countWordErrors } from '../../../../devnet/experts/speech/error-rate.ts'

test('a changed, a missing and an extra word are one error each', () => {
  expect(countWordErrors('a red fox', 'a red fox')).toEqual({ errors: 0, words: 3 })
  expect(countWordErrors('a red fox', 'a bed fox')).toEqual({ errors: 1, words: 3 })
  expect(countWordErrors('a red fox', 'a fox')).toEqual({ errors: 1, words: 3 })
  expect(countWordErrors('a red fox', 'a red the fox')).toEqual({ errors: 1, words: 3 })
  expect(countWordErrors('a red fox', '')).toEqual({ errors: 3, words: 3 })
  expect(countWordErrors('', 'a fox')).toEqual({ errors: 2, words: 0 })
})
