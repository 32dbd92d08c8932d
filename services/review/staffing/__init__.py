"""Who has which case: taking, giving away, handing over, making loads level; who is away, and who must not have a case."""
