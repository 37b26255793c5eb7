#!/bin/sh
# The whole recipe of model.onnx: train.sh <build folder> <folder of npm packages with the icon sets> [first step]
# Every step is named, so that a run that was cut off can go on: sprites, generate, negatives, scenes, stage1, stage2, export, calibrate.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$1 modules=$2 first=${3:-sprites}
data=$build/data model=$here/..
export OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1
python=/usr/bin/python3 # Debian's, with python3-torch, python3-pil, python3-onnx.
tsx="npx tsx"
mkdir -p "$data"
reached=no
run() { # run <name of the step> <command...>: from the first step on
  if [ "$1" = "$first" ]; then reached=yes; fi
  if [ $reached = no ]; then return 0; fi
  echo "== $1"
  shift
  "$@"
}
run sprites $tsx "$here/sprites.ts" "$modules" "$data"
run generate $tsx "$here/generate.ts" "$data" backgrounds 900
run negatives $python "$here/negatives.py" "$data" 5000
run scenes $tsx "$here/generate.ts" "$data" scenes 20000
run stage1 $python "$here/train.py" "$data" "$build/stage1.pt" --steps 3000 --size 64 --batch 64 --lr 4e-3 --seed 1 --resume
run stage2 $python "$here/train.py" "$data" "$build/stage2.pt" --steps 10000 --size 128 --batch 12 --lr 2.5e-3 --seed 2 \
  --objects 4.5 --low 17 --high 62 --composed 0.46 --negative 0.09 --init "$build/stage1.pt" --resume
run export $python "$here/export.py" "$build/stage2.pt" "$data/sprites.json" "$model/model.onnx" "$model/model.json"
run calibrate $tsx "$here/calibrate.ts" "$data" 800
