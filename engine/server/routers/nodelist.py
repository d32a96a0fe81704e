"""`/v1/nodes`: the machines of the cluster, and what may be done to one."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, HTTPException
from fastapi import Path as PathParameter
from pydantic import BaseModel, Field

from engine.base.safetext import display_name
from engine.job.machines import NodeSnapshot, NodeState
from engine.server.dependencies.schemas import problem
from engine.server.dependencies.service import Service

Name = Annotated[str, PathParameter(max_length=80, description="The node's name.")]


class Node(BaseModel):
    """A machine that has joined."""

    name: str = Field(description="What it is called here; of several with one name, the later ones get a number.")
    state: NodeState
    why: str = Field(description="Why it is in this state, as a sentence; empty for one that is ready.")
    slots: int = Field(description="Page batches it converts at once.")
    busy: int = Field(description="Slots with something to do.")
    pages: int = Field(description="Pages it has converted since it joined.")
    silent_s: float = Field(description="Seconds since it was heard of.")
    round_trip_s: float = Field(description="Seconds a question was under way, there and back.")
    cached_bytes: int = Field(description="Documents it keeps.")
    free_bytes: int = Field(description="What is free on their disk.")
    rss_bytes: int = Field(description="Memory of its processes.")
    shipped_bytes: int = Field(description="Documents that were sent to it.")

    @classmethod
    def of(cls, node: NodeSnapshot) -> "Node":
        """As the engine tells it."""
        return cls(**asdict(node))


_NONE: dict[int | str, dict[str, object]] = {404: problem("There is no node of this name.")}


def router(service: Service) -> APIRouter:
    """The routes; without a cluster the list is empty."""
    routes = APIRouter(tags=["cluster"])
    engine = service.engine

    @routes.get("/v1/nodes", summary="The machines of the cluster")
    def nodes() -> list[Node]:
        """By name; one that has left is listed for two minutes."""
        return [Node.of(node) for node in engine.vitals().nodes]

    @routes.post(
        "/v1/nodes/{name}/drain", status_code=204, summary="Have a node leave once it is done", responses=_NONE
    )
    def drain(name: Name) -> None:
        """It is given nothing more, and leaves when its page batches are done."""
        if not engine.drain_node(name):
            raise HTTPException(404, f"There is no node {display_name(name)}.")

    @routes.delete("/v1/nodes/{name}", status_code=204, summary="Have a node leave at once", responses=_NONE)
    def remove(name: Name) -> None:
        """What it is at is given to others."""
        if not engine.remove_node(name):
            raise HTTPException(404, f"There is no node {display_name(name)}.")

    return routes
