"""Review of doubtful pictures: the queue that other pages fill, and the checks that find them."""
