import pytest

from cct_text.config import Config
from cct_text.datasets.registry import entry_named
from cct_text.errors import UsageError
from cct_text.model.architecture import resolve_architecture
from cct_text.training.recipes import DEFAULT, recipe_names, recipe_text, resolve_config


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_is_of_a_data_set_and_its_options_fit_together(name):
    config = resolve_config(name)
    assert config != Config().with_values({"dataset": name})
    resolve_architecture(config.model, 150)
    if name == DEFAULT:
        assert (config.data.phrases, config.data.fine_labels) == (False, False)
        return
    entry = entry_named(name)  # another name would silently be trained with `default`
    assert not config.data.fine_labels or entry.fine is not None
    assert not config.data.phrases or name.startswith("sst")


@pytest.mark.parametrize("name", ["dataset", "data.dataset"])
def test_the_data_set_is_no_option_to_set(name):
    with pytest.raises(UsageError, match=f"--set {name}: a data set is no option to set"):
        resolve_config("trec", values={name: "sst2"})


def test_a_file_of_ones_own_gets_the_default_recipe():
    assert recipe_text("reviews.csv") == recipe_text("default")


def test_options_override_the_file_which_overrides_the_recipe(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text("[training]\nepochs = 3\nbatch_size = 7\n")
    config = resolve_config("trec", config_file=file, values={"epochs": "4"})
    assert config.training.epochs == 4
    assert config.training.batch_size == 7
    assert config.training.learning_rate == Config().with_toml(recipe_text("trec"), source="").training.learning_rate
    assert config.data.dataset == "trec"


def test_a_wrong_option_is_named_with_a_near_one(tmp_path):
    with pytest.raises(UsageError, match="epoch.*did you mean.*epochs"):
        resolve_config("trec", values={"epoch": "4"})


def test_the_config_of_a_run_is_whole_and_takes_nothing_from_the_recipe(tmp_path):
    assert resolve_config("own.csv").training.patience is not None
    config = resolve_config("own.csv", values={"patience": "", "epochs": 3})
    assert config.training.patience is None
    (tmp_path / "config.toml").write_text(config.to_toml() + "\n[run]\nformat = 1\n")
    assert resolve_config("own.csv", config_file=tmp_path / "config.toml") == config
