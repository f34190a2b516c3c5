#!/bin/sh
# Firefox that ends when the process that started it does, however that ends (as Chromium does by its pipe).
exec setpriv --pdeathsig KILL /usr/bin/firefox-esr "$@"
