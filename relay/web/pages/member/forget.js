// Nobody is signed in here any more, so that nothing of theirs is kept: looking at it drops it.

import "./kept.js";
