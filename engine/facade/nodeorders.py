"""NodeOrders: what an engine is told to do with the other machines of its cluster. Without one, there are none."""

from engine.facade.machinery import Machinery


class NodeOrders:
    """A part of `Engine`, which has the machinery."""

    _machinery: Machinery

    def drain_node(self, name: str) -> bool:
        """Have another machine of the cluster leave once it is done; False if there is none of the name."""
        cluster = self._machinery.cluster
        return cluster is not None and cluster.drain(name)

    def hold_node(self, name: str) -> bool:
        """Give another machine nothing more until it is released; False if there is none of the name to hold."""
        cluster = self._machinery.cluster
        return cluster is not None and cluster.hold(name)

    def release_node(self, name: str) -> bool:
        """Use another machine again that is held; False if there is none of the name."""
        cluster = self._machinery.cluster
        return cluster is not None and cluster.release(name)

    def remove_node(self, name: str) -> bool:
        """Have another machine leave at once, and others do what it has; False if there is none of the name."""
        cluster = self._machinery.cluster
        return cluster is not None and cluster.remove(name)
