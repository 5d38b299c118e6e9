"""Runs the Autobahn fuzzing server on loopback. For Python 2.7, the only one that it knows.

python2.7 server.py PACKAGES PORT FOLDER    PACKAGES has it installed, reports go to FOLDER
"""

import site
import sys

site.addsitedir(sys.argv[1])

from autobahntestsuite import fuzzing
from twisted.internet import reactor

listen = fuzzing.listenWS
# By itself it listens to the whole network.
fuzzing.listenWS = lambda factory, context=None: listen(factory, context, interface="127.0.0.1")
spec = {
    "url": "ws://127.0.0.1:" + sys.argv[2],
    "outdir": sys.argv[3],
    "cases": ["*"],
    "exclude-cases": ["12.*", "13.*"],  # compression, which is not offered
    "exclude-agent-cases": {},
}
fuzzing.startServer(spec, 0)
reactor.run()
