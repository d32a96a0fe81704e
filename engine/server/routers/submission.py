"""The routes that take in work: a file that lies in the hot folder, or one that is sent."""

from typing import Literal

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from engine.job.job import Job, JobState
from engine.job.options import ConverterName, ConvertOptions
from engine.server.dependencies.schemas import Problem, problem
from engine.server.dependencies.service import Service
from engine.server.routers.forms import MULTIPART, URLENCODED, Wishes, form_schema, read_wishes
from engine.server.routers.uploads import FileRules, Upload, read_form
from engine.server.security.admission import REFUSALS, admission
from engine.server.security.names import find_input, names_for

_OK, _ACCEPTED = 200, 202
_CONFLICT = 409
_FILE, _FILENAME, _IF_QUEUED = "file", "filename", "if_queued"


class ConvertForm(Wishes):
    """A file of the hot folder, and how it is to be converted."""

    filename: str = Field(min_length=1, description="The file's path inside the input folder.")
    if_queued: Literal["accept"] | None = Field(
        None, description="Take a conversion that has begun with other options for what is asked."
    )


class UploadForm(Wishes):
    """A file, and how it is to be converted."""

    file: str = Field(json_schema_extra={"format": "binary"}, description="The PDF.")


class Accepted(BaseModel):
    """A conversion that is on the queue."""

    status: Literal["accepted"] = "accepted"
    conversion_id: str = Field(description="A UUID; the address of everything about this conversion.")
    filename: str = Field(description="The path inside the input folder; what is no text is escaped.")
    message: str = Field(description="What has become of the request, for a person.")
    queue_size: int = Field(description="Conversions that wait for a worker.")
    active_tasks: int = Field(description="Conversions that are running.")


class Begun(Problem):
    """A conversion that is under way with other options than those asked for."""

    job_id: int
    conversion_id: str


class PoolStatus(BaseModel):
    """How busy the engine is."""

    status: Literal["ok"] = "ok"
    queue_size: int = Field(description="Conversions that wait for a worker.")
    active_tasks: int = Field(description="Conversions that are running.")
    num_workers: int = Field(description="Worker processes, busy or not.")


def _problems(**sentences: str) -> dict[int | str, dict[str, object]]:
    return {int(code[1:]): problem(text) for code, text in sentences.items()}


_NOT_A_FORM = "This is not a form, or it is cut off."
_UNKNOWN_OPTION = "An option is not known, or has a value that it cannot have."


def router(service: Service) -> APIRouter:
    """`/convert`, `/upload` and `/worker-pool-status`."""
    routes = APIRouter(tags=["Submitting"])
    engine = service.engine
    admit = admission(service)
    root = engine.settings.input.absolute()

    def accepted(job: Job, message: str, wishes: Wishes) -> Accepted:
        totals = engine.overview().totals
        if wishes.prompt_mode is not None and job.options.converter is not ConverterName.VLM:
            message += f" {wishes.prompt_mode} has no effect: documents are converted without a vision model."
        return Accepted(
            conversion_id=job.conversion_id,
            filename=job.name,
            message=message,
            queue_size=totals.queue_depth,
            active_tasks=totals.active,
        )

    def submit(name: bytes, wishes: Wishes, client: str, *, accepts: bool) -> tuple[int, Accepted | Begun]:
        file = find_input(root, name)
        profile = wishes.profile or engine.settings.hot_folders[0].profile
        options = wishes.options(engine.settings.options_of(profile))
        asked = options if wishes.model_fields_set - {"priority"} else None
        job, is_queued_now = engine.ask_for(
            file, options=asked, priority=wishes.priority, profile=profile, client=client
        )
        if is_queued_now:
            return _ACCEPTED, accepted(job, f"Queued as job {job.id}.", wishes)
        if asked is not None and job.options != asked and not accepts:
            return _CONFLICT, Begun(detail=_begun(job), job_id=job.id, conversion_id=job.conversion_id)
        return _OK, accepted(job, _already(job, options), wishes)

    def keep(upload: Upload, wishes: Wishes, client: str) -> Accepted:
        profile = wishes.profile or engine.settings.hot_folders[0].profile
        options = wishes.options(engine.settings.options_of(profile))
        names = tuple(names_for(upload.filename, options.accept))
        job = engine.take_in(
            upload.part, names, options=options, priority=wishes.priority, profile=profile, client=client
        )
        return accepted(job, f"Saved as {job.name} and queued as job {job.id}.", wishes)

    @routes.post(
        "/convert",
        status_code=_ACCEPTED,
        response_model=Accepted,
        response_class=JSONResponse,
        summary="Convert a file of the input folder",
        responses={
            _OK: {"model": Accepted, "description": "It was on the queue already; it is not queued twice."},
            _CONFLICT: {"model": Begun, "description": "Its conversion has begun, with other options."},
            **_problems(
                _400=f"{_NOT_A_FORM} Or the file is outside the input folder, or no file that is converted.",
                _404="There is no such file in the input folder, or it may not be read.",
                _413="The form is too big.",
                _415="The body is another kind than a form.",
                _422=_UNKNOWN_OPTION,
            ),
            **REFUSALS,
        },
        openapi_extra=form_schema(ConvertForm, URLENCODED, MULTIPART),
    )
    async def convert(request: Request, client: str = Depends(admit)) -> Response:
        """Queue a file that lies in the input folder, whether the hot folder has seen it yet or not.

        A file that waits keeps its place, and gets the options that are asked for now: the answer is 200 and names its
        conversion. If it has begun with others, the answer is 409, or 200 with `if_queued=accept`. One that has been
        converted, or has failed, or was cancelled, is converted again from its first page, with the options given now
        and under the same id: the answer is 202.
        """
        async with read_form(request) as form:
            names = [name for name in form.fields.pop(_FILENAME, []) if name]
            if len(names) != 1:
                raise HTTPException(422, f"Name one file in the field `{_FILENAME}`.")
            accepts = _accepts(form.fields.pop(_IF_QUEUED, []))
            wishes = read_wishes(form.fields)
        status, answer = await run_in_threadpool(submit, names[0], wishes, client, accepts=accepts)
        return JSONResponse(answer.model_dump(mode="json"), status)

    @routes.post(
        "/upload",
        status_code=_ACCEPTED,
        response_model=Accepted,
        summary="Send a file and convert it",
        responses={
            **_problems(
                _400=_NOT_A_FORM,
                _413="The file is bigger than `max_upload`, or the form's fields are too big.",
                _415="The file is not of a kind that `accept` takes in, or the body is not multipart/form-data.",
                _422=f"There is no file, or more than one. {_UNKNOWN_OPTION}",
            ),
            **REFUSALS,
        },
        openapi_extra=form_schema(UploadForm, MULTIPART),
    )
    async def upload(request: Request, client: str = Depends(admit)) -> Accepted:
        """Put a document into the input folder, under the name it was sent with, and queue it with its own options.

        Nothing is overwritten: if there is a file of this name, the new one gets a number. A file that does not come
        in whole leaves nothing behind.
        """
        # Which profile is asked for may stand behind the file; the process that opens it has the last word.
        settings = engine.settings
        accept = tuple(dict.fromkeys(k for name in ("", *settings.profiles) for k in settings.options_of(name).accept))
        rules = FileRules(root, settings.max_upload, frozenset({_FILE}), accept=accept)
        async with read_form(request, rules) as form:
            wishes = read_wishes(form.fields)
            if not form.uploads:
                raise HTTPException(422, "Send the document in the field `file`, as a file with a name.")
            return await run_in_threadpool(keep, form.uploads[0], wishes, client)

    @routes.get("/worker-pool-status", summary="How busy the engine is")
    async def worker_pool_status() -> PoolStatus:
        """The queue and the workers in three numbers, from memory."""
        totals = engine.overview().totals
        return PoolStatus(queue_size=totals.queue_depth, active_tasks=totals.active, num_workers=engine.workers)

    return routes


def _accepts(sent: list[bytes]) -> bool:
    """Whether a conversion that goes on with other options is as good. Raises `HTTPException` 422."""
    said = [value for value in sent if value]
    if said and said != [b"accept"]:
        raise HTTPException(422, f"{_IF_QUEUED} can be accept, and nothing else.")
    return bool(said)


def _begun(job: Job) -> str:
    doing = "is being converted" if job.state is JobState.RUNNING else "has been begun"
    return (
        f"It {doing} with other options, as job {job.id} (conversion {job.conversion_id}). Cancel that one first, or "
        f"send {_IF_QUEUED}=accept to have its id."
    )


def _already(job: Job, options: ConvertOptions) -> str:
    """What to say of a file that was on the queue before."""
    match job.state:
        case JobState.HELD:
            sentence = f"It is job {job.id} already, and held: release it to have it converted."
        case JobState.RUNNING:
            sentence = f"It is being converted already, as job {job.id}."
        case _:
            sentence = f"It is queued already, as job {job.id}."
    return sentence if job.options == options else f"{sentence} Its options stay as they are."
