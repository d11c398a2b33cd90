"""What TensorBoard's own reader finds in a folder of event files, as JSON on standard output.

    python training/read_events.py FOLDER
"""

import hashlib
import json
import sys

from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.hparams import metadata


def main() -> None:
    """Scalars with their steps, pictures with size and digest, and the hparams records."""
    reader = event_accumulator.EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "images": 0})
    reader.Reload()
    tags = reader.Tags()
    scalars = {tag: [[event.step, event.value] for event in reader.Scalars(tag)] for tag in tags["scalars"]}
    images = {
        tag: [
            [event.step, event.width, event.height, hashlib.sha256(event.encoded_image_string).hexdigest()]
            for event in reader.Images(tag)
        ]
        for tag in tags["images"]
    }
    records = reader.PluginTagToContent("hparams")
    experiment = metadata.parse_experiment_plugin_data(records["_hparams_/experiment"])
    start = metadata.parse_session_start_info_plugin_data(records["_hparams_/session_start_info"])
    end = metadata.parse_session_end_info_plugin_data(records["_hparams_/session_end_info"])
    values = {
        name: getattr(value, value.WhichOneof("kind")) for name, value in sorted(start.hparams.items())
    }
    found = {
        "scalars": scalars,
        "images": images,
        "metrics": [metric.name.tag for metric in experiment.metric_infos],
        "names": [info.name for info in experiment.hparam_infos],
        "hparams": values,
        "status": end.status,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
