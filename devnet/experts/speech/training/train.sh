#!/bin/sh
# The whole recipe, from nothing to model.onnx, lang.json and the test sets. Debian 12 packages:
#   espeak-ng flite festival festvox-kallpc16k festvox-kdlpc16k festvox-us-slt-hts festlex-cmu festlex-poslex
#   libopenblas0-pthread python3-torch python3-numpy python3-scipy python3-onnx
# usage: train.sh BUILD   (BUILD: a folder outside the repository; about 2 GB, 2 GB of memory)
# What exists in BUILD is not made again: a run that was stopped goes on.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$1
python=/usr/bin/python3
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
mkdir -p "$build"
[ -e "$build/text/vocab.json" ] || $python "$here/sentences.py" "$build/text"
cp "$here/hand.txt" "$build/text/hand.txt"
[ -e "$build/lang.json" ] || $python "$here/lexicon.py" "$build/text/vocab.json" "$build/text/lm.txt" "$build/lang.json"
$python "$here/synth.py" "$build/text" "$build/wav" train 500
$python "$here/synth.py" "$build/text" "$build/wav" words 400
$python "$here/prep.py" "$build/wav" "$build/feat" 2
$python "$here/train.py" "$build/feat" "$build/lang.json" "$build/main.pt" --steps 24000 \
  --decay-from 11500 --decay-steps 5000 --threads 1 --seed 1
$python "$here/export.py" "$build/main.pt" "$build/model.onnx" i8
for kind in test hand; do
  $python "$here/synth.py" "$build/text" "$build/wav" $kind 500
  $python "$here/mktest.py" "$build/wav" "$build/$kind" $kind
done
echo "Evaluate: npx tsx devnet/experts/speech/evaluate.ts $build/test --model $build/model.onnx --language $build/lang.json"
echo "The unopened voice comes last: the same with the kinds test-blind and hand-blind."
