"""An event file by tensorboard's own writer: fixtures/training/events.tfevents, with tensorboard 2.21.0 on Python 3.11.

    python training/make_events.py

Header, a restart at step 7, three scalars at step 3, a picture at step 0, and the three records of the hparams plugin; all
with wall times of our choosing. The Swift test writes the same and compares bytes.
"""

import io
from pathlib import Path

from PIL import Image
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

FOLDER = Path(__file__).resolve().parents[1] / "fixtures/training"
TIME = 1700000000.25


def picture() -> summary_pb2.Summary.Image:
    """A PNG of 3 x 2 pixels."""
    file = io.BytesIO()
    Image.frombytes("RGB", (3, 2), bytes(range(18))).save(file, "PNG")
    return summary_pb2.Summary.Image(height=2, width=3, colorspace=3, encoded_image_string=file.getvalue())


def hparams(tag: str, **content) -> summary_pb2.Summary.Value:
    """A value of the hparams plugin."""
    data = plugin_data_pb2.HParamsPluginData(**content)
    plugin = summary_pb2.SummaryMetadata.PluginData(
        plugin_name=metadata.PLUGIN_NAME, content=data.SerializeToString(deterministic=True)
    )
    value = summary_pb2.Summary.Value(
        tag=tag, metadata=summary_pb2.SummaryMetadata(plugin_data=plugin), tensor=metadata.NULL_TENSOR
    )
    return value


def events() -> list[event_pb2.Event]:
    """The events in order."""
    scalars = {"train/loss": 2.5, "eval/map50": 0.375, "train/learning_rate": 2e-5}
    start = plugin_data_pb2.SessionStartInfo(start_time_secs=TIME)
    start.hparams["bf16"].bool_value = True
    start.hparams["learning_rate"].number_value = 2e-5
    start.hparams["optim"].string_value = "adamw_torch"
    kinds = {"bf16": api_pb2.DATA_TYPE_BOOL, "learning_rate": api_pb2.DATA_TYPE_FLOAT64,
             "optim": api_pb2.DATA_TYPE_STRING}  # fmt: skip
    experiment = api_pb2.Experiment(
        time_created_secs=TIME,
        hparam_infos=[api_pb2.HParamInfo(name=name, type=kind) for name, kind in kinds.items()],
        metric_infos=[api_pb2.MetricInfo(name=api_pb2.MetricName(tag=tag)) for tag in ("eval/loss", "eval/map50")],
    )
    end = plugin_data_pb2.SessionEndInfo(status=api_pb2.STATUS_SUCCESS, end_time_secs=TIME)
    values = {
        3: [summary_pb2.Summary.Value(tag=tag, simple_value=value) for tag, value in scalars.items()],
        0: [
            summary_pb2.Summary.Value(tag="eval/detections/0", image=picture()),
            hparams(metadata.EXPERIMENT_TAG, experiment=experiment),
            hparams(metadata.SESSION_START_INFO_TAG, session_start_info=start),
            hparams(metadata.SESSION_END_INFO_TAG, session_end_info=end),
        ],
    }
    header = event_pb2.Event(
        wall_time=TIME, file_version="brain.Event:2", source_metadata=event_pb2.SourceMetadata(writer="palinote")
    )
    restart = event_pb2.Event(wall_time=TIME, step=7, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START))
    summaries = [
        event_pb2.Event(wall_time=TIME, step=step, summary=summary_pb2.Summary(value=list_of))
        for step, list_of in values.items()
    ]
    return [header, restart, *summaries]


def main() -> None:
    """Writes the file, and the picture in it."""
    with (FOLDER / "events.tfevents").open("wb") as file:
        writer = RecordWriter(file)
        for event in events():
            writer.write(event.SerializeToString(deterministic=True))
        writer.flush()
    (FOLDER / "events.png").write_bytes(picture().encoded_image_string)


if __name__ == "__main__":
    main()
