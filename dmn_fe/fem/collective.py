from dmn_fe.collective import RaiseTogether

__all__ = ["RaiseTogether"]
