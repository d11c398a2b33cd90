#!/bin/sh
# Makes every fixture of models, adapters, training and processor anew. Arguments: the python of the period environment,
# and that of the newest one.
set -eu
cd "$(dirname "$0")"
export PYTHONHASHSEED=0  # peft writes target_modules in the order of a set
"$1" models/make_checkpoints.py --version period
for version in period newest; do
    if [ "$version" = period ]; then python=$1; else python=$2; fi
    for script in models/make_models models/make_generation adapters/make_adapters training/make_training \
        processor/make_processor models/check_features; do
        "$python" "$script.py" --version "$version"
    done
done
"$1" training/make_smoothing.py --version period
"$1" training/make_eightbit.py --version period
"$2" training/make_schedules.py --version newest
