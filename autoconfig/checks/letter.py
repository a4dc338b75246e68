"""The message that a round trip sends: it says by itself what it is, to whoever finds it."""

from __future__ import annotations

from autoconfig.observations import Letter

LETTER = Letter(
    "Kontroll av e-post / mail check",
    "Det här är ett testmeddelande. Det skickades av den som just nu kontrollerar att det går att\n"
    "skicka och ta emot e-post med den här adressen, och raderas av sig självt efteråt.\n"
    "Ligger det kvar kan du ta bort det.\n"
    "\n"
    "This is a test message. It was sent by whoever is checking right now that mail can be\n"
    "sent and received with this address, and it is deleted by itself afterwards.\n"
    "If it is still here you may delete it.\n",
)
