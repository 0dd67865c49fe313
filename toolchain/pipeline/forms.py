"""The model in other forms, to compare with: how large, and how good.  None of them runs on a target."""

from __future__ import annotations

import gzip

import numpy as np

from toolchain.config import DeployConfig
from toolchain.convert.other_forms import Form, convert_to_form, run_form
from toolchain.custom_objects import know_custom_objects
from toolchain.pipeline.data_hash import data_key, module_key
from toolchain.pipeline.metric import metric_of
from toolchain.pipeline.model import CONVERTING, TENSORFLOW, keras_data
from toolchain.stages import Workshop, hash_file, hash_sources, version_of
from toolchain.vocabulary.optimisation import OptimisedModel
from toolchain.vocabulary.optimisation_report import OtherForm


def other_forms(config: DeployConfig, optimised: OptimisedModel, shop: Workshop) -> tuple[OtherForm, ...]:
    """One for each of `config.convert.compare`, made of the network after the last step."""
    return tuple(_form(config, form, optimised, shop) for form in config.convert.compare)


def _form(config: DeployConfig, form: Form, optimised: OptimisedModel, shop: Workshop) -> OtherForm:
    def action() -> OtherForm:
        know_custom_objects(config.model.custom_objects)
        model = convert_to_form(optimised.model_file, form, log=shop.log)
        data = keras_data(config, optimised.input_shapes)
        score = None
        if data is not None:
            test = data.test.take(slice(config.measure.samples))
            arrays = [np.asarray(array, np.float32) for array in test.all_inputs]
            outputs = run_form(model, arrays, log=shop.log)
            score = metric_of(config.metric).of(outputs, test)
        return OtherForm(form, len(model), len(gzip.compress(model, mtime=0)), score)

    return shop.run(
        form,
        depends_on={
            "model": hash_file(optimised.model_file),
            "form": form,
            "custom_objects": module_key(config.model.custom_objects),
            "data": data_key(config.data),
            "samples": config.measure.samples,
            "metric": module_key(config.metric),
            "seed": config.seed,
            "tools": version_of(*TENSORFLOW),
            "sources": hash_sources(*CONVERTING, "optimise/metric.py", "intervals.py"),
        },
        writes=[],
        result=OtherForm,
        action=action,
    )
