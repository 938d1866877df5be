import multiprocessing
import os
import stat

import pytest

from consult.core.config import SECRETS, TEST_ONLY, Config, ConfigError, resource_dir, variable
from tests.waiting import PATIENCE

WRONG = {
    "CONSULT_BACKUP_IDENTITY": ["/nowhere/key"],
    "CONSULT_BACKUP_RECIPIENT": ["age1nobody", "ssh-ed25519 AAAA"],
    "CONSULT_BASE_URL": ["consultation.example", "ftp://consultation.example", "https://", "http://x:port"],
    "CONSULT_DATABASE_URL": ["mysql://x/y", "postgres://x/y", "/var/consult.sqlite"],
    "CONSULT_DATA_DIR": ["/dev/null/consult"],
    "CONSULT_INNER_TLS": ["yes", "offered"],
    "CONSULT_JOB_THREADS": ["0", "two", "-1"],
    "CONSULT_LETTERS_PER_MINUTE": ["0", "two", "-1"],
    "CONSULT_NEWS_HOUR": ["24", "seven", "-1", "7:00"],
    "CONSULT_LIMITS_URL": ["memcached://x"],
    "CONSULT_LOG_FORMAT": ["xml"],
    "CONSULT_LOG_LEVEL": ["LOUD", "info"],
    "CONSULT_LOG_REQUESTS": ["all"],
    "CONSULT_MAIL_FROM": ["secretariat"],
    "CONSULT_FILES_URL": ["s3://files", "ftp://host/files", "s3://files?endpoint=http://s3.example.ma"],
    "CONSULT_FILES_ACCESS_KEY": ["two words", "é"], "CONSULT_FILES_SECRET_KEY": ["two words", "é"],
    "CONSULT_MAIL_URL": ["mailto:x@example.org", "smtp://", "smtp://host:port"],
    "CONSULT_METRICS_TOKEN": ["short", "é" * 40],
    "CONSULT_OIDC_CLIENT_ID": ["alone"],
    "CONSULT_OIDC_CLIENT_SECRET": ["alone"],
    "CONSULT_OIDC_ISSUER": ["https://alone.example", "ftp://provider.example", "https://"],
    "CONSULT_OIDC_LOGOUT": ["yes"],
    "CONSULT_OIDC_NAME_AR": ["alone"],
    "CONSULT_OIDC_NAME_EN": ["alone"],
    "CONSULT_OIDC_NAME_FR": ["alone"],
    "CONSULT_OIDC_SECOND_FACTOR": ["amr:mfa"],
    "CONSULT_QUEUE_URL": ["amqp://x"],
    "CONSULT_SECOND_FACTOR": ["yes", "Required"],
    "CONSULT_SECRET_KEY": ["short"],
    "CONSULT_TIMESTAMP_ROOTS": ["/nowhere/roots.pem", "/dev/null"],
    "CONSULT_TIMESTAMP_URL": ["ftp://authority.example", "https://"],
    "CONSULT_TRUSTED_PROXIES": ["one", "²", "-1"],
    "CONSULT_WORKERS": ["0", "many"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_setting_stops_the_start_by_its_name(name, value):
    with pytest.raises(ConfigError, match=rf"^{name}: "):
        _ = Config.from_environment({name: value}).folder


def test_every_setting_is_tried_wrongly():
    assert set(WRONG) == {variable(name) for name in Config.__dataclass_fields__}


@pytest.mark.parametrize("environment", [
    {}, {"CONSULT_WORKERS": ""}, {"CONSULT_MAIL_URL": "smtps://user:p%40ss@mail.example:465"}, {"CONSULT_MAIL_URL": "file:///tmp/mail"},
    {"CONSULT_DATABASE_URL": "postgresql://u:p@host/consult"}, {"CONSULT_DATABASE_URL": "postgresql+psycopg://postgres@/x?host=/run"},
    {"CONSULT_BASE_URL": "https://consultation.example/pnq"}, {"CONSULT_TRUSTED_PROXIES": "2"}, {"CONSULT_LIMITS_URL": "redis://host"},
    {"PATH": "/bin", "CONSULT_TEST_DATABASE": "sqlite"},
])
def test_what_the_operator_may_write_is_taken(environment):
    assert Config.from_environment(environment)


def test_an_unknown_setting_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"^CONSULT_DATABASE: no such setting.*CONSULT_DATABASE_URL"):
        Config.from_environment({"CONSULT_DATABASE": "sqlite://"})


def test_only_the_tests_have_a_hidden_setting():
    assert {"CONSULT_TEST_DATABASE"} == TEST_ONLY


def test_databases_default_to_the_data_folder(tmp_path):
    config = Config(data_dir=str(tmp_path / "var"))
    assert config.database == f"sqlite:///{tmp_path}/var/consult.sqlite"
    assert config.queue == f"sqlite:///{tmp_path}/var/queue.sqlite"
    assert (tmp_path / "var").is_dir()


def ask_for_secret(folder, barrier, answers) -> None:
    barrier.wait()
    answers.put(Config(data_dir=folder).secret)


def test_the_secret_key_is_made_once_whoever_comes_first(tmp_path):
    context = multiprocessing.get_context("fork")
    barrier, answers = context.Barrier(6), context.Queue()
    processes = [context.Process(target=ask_for_secret, args=(str(tmp_path), barrier, answers)) for _ in range(6)]
    for process in processes:
        process.start()
    secrets = {answers.get(timeout=PATIENCE) for _ in processes}
    for process in processes:
        process.join()
    assert len(secrets) == 1
    assert len(secrets.pop()) >= 32
    assert stat.S_IMODE(os.stat(tmp_path / "secret-key").st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret-key"]


def test_the_secret_of_the_setting_is_preferred(tmp_path):
    assert Config(data_dir=str(tmp_path), secret_key="k" * 32).secret == "k" * 32
    assert list(tmp_path.iterdir()) == []


def test_the_folders_of_the_project_are_found():
    assert (resource_dir("templates") / "base.html").is_file()
    assert (resource_dir("migrations") / "env.py").is_file()


@pytest.mark.parametrize(("base_url", "said", "is_required"), [
    ("https://consultation.example", "", True), ("https://consultation.example", "required", True),
    ("http://127.0.0.1:8000", "", False), ("http://127.0.0.1:8000", "required", True), ("http://localhost:8000", "offered", False),
])
def test_a_second_factor_is_required_before_the_public(base_url, said, is_required):
    assert Config(base_url=base_url, second_factor=said).requires_second_factor is is_required


def test_a_secret_may_stand_in_a_file(tmp_path):
    """As a vault, systemd's credentials or a container's secrets hand it over: in no environment that others may read."""
    for name in SECRETS:
        path = tmp_path / name
        path.write_text({"secret_key": "k" * 40, "oidc_client_secret": "", "metrics_token": "m" * 40,
                         "database_url": "postgresql://u:p@db/c", "queue_url": "redis://:p@q/1", "limits_url": "redis://:p@q/0",
                         "mail_url": "smtps://u:p@mail.example.ma", "files_access_key": "consult",
                         "files_secret_key": "s" * 40}[name] + "\n")
        setting = f"CONSULT_{name.upper()}_FILE"
        if name == "oidc_client_secret":
            with pytest.raises(ConfigError, match=f"^{setting}: .* is empty"):
                Config.from_environment({setting: str(path)})
            continue
        assert getattr(Config.from_environment({setting: str(path)}), name) == path.read_text().strip()
        with pytest.raises(ConfigError, match=f"^{setting}: "):
            Config.from_environment({setting: str(path), f"CONSULT_{name.upper()}": path.read_text().strip()})
    with pytest.raises(ConfigError, match="^CONSULT_MAIL_URL_FILE: .* cannot be read"):
        Config.from_environment({"CONSULT_MAIL_URL_FILE": str(tmp_path / "nothing")})
    with pytest.raises(ConfigError, match="^CONSULT_BASE_URL_FILE: no such setting"):
        Config.from_environment({"CONSULT_BASE_URL_FILE": str(tmp_path / "secret_key")})
