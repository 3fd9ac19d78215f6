"""What kind of browser somebody uses, as coarse as they would say it themselves: `Firefox on Linux`."""

BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser/": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
"""What a browser calls itself in User-Agent -> its name. In this order: most also call themselves Chrome or Safari."""
SYSTEMS = {
    "Android": "Android",
    "iPhone": "an iPhone",
    "iPad": "an iPad",
    "Windows": "Windows",
    "Mac OS X": "a Mac",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def kind_of_browser(user_agent: str) -> str:
    """The name of a browser and its system; "another kind of browser" where we do not know it."""
    browser = next((name for sign, name in BROWSERS.items() if sign in user_agent), "")
    system = next((name for sign, name in SYSTEMS.items() if sign in user_agent), "")
    return f"{browser or 'a browser'} on {system}" if system else browser or "another kind of browser"
